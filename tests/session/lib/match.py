"""Compares what the server sent with what a script expects of it.

Everything here is text of one character an octet (latin-1), one logical response at a time:
a line with its literals inside, `{N}` CR LF and N octets, as on the wire.

What RFC 3501 leaves to the server is not compared: the order of FETCH items, of flags, of
SEARCH numbers and of capabilities; whether a string is quoted or a literal; the human text of
a status response or a continuation (it must only be there; one word behind `+` is a challenge,
and compared). What it does not leave is compared exactly.
"""

import re

# <num>, <uidv=num> (captured), <=uidv> (as captured before), <re:[0-9]{4}>.
HOLE = re.compile(r'<(?:=(?P<use>\w+)|(?:(?P<name>\w+)=)?'
                  r'(?P<kind>any|text|num|word|str|nstr|date|re:(?P<re>[^>]*)))>')
KINDS = {
    'any': r'.*',
    'text': r'.+',
    'num': r'[0-9]+',
    'word': r'[^ ()\r\n]+',
    'str': r'"(?:[^"\\]|\\.)*"',
    'nstr': r'(?:NIL|"(?:[^"\\]|\\.)*")',
    'date': r'"[ 0-3][0-9]-[A-Z][a-z]{2}-[0-9]{4} [0-9:]{8} [+-][0-9]{4}"',
}
STATUS = re.compile(r'(?P<tag>[^ ]+) (?P<cond>OK|NO|BAD|BYE|PREAUTH)'
                    r'(?: (?P<code>\[(?:<[^>]*>|[^\]])*\])?(?P<text>.*))?$', re.S | re.I)


class Mismatch(Exception):
    """Raised inside a comparison; the text says where it differs."""


def pattern(text, variables, flags=re.S):
    """A compiled regex for text with holes; the names that it captures."""
    out, at, named = [], 0, set()
    for hole in HOLE.finditer(text):
        out.append(re.escape(text[at:hole.start()]))
        at = hole.end()
        if hole['use']:
            if hole['use'] not in variables:
                raise Mismatch('<=%s> was never captured' % hole['use'])
            out.append(re.escape(variables[hole['use']]))
            continue
        body = hole['re'] if hole['re'] is not None else KINDS[hole['kind']]
        if hole['name'] in variables:
            body = re.escape(variables[hole['name']])
        if hole['name'] in named:
            out.append('(?P=%s)' % hole['name'])
        else:
            out.append('(?P<%s>%s)' % (hole['name'], body) if hole['name'] else '(?:%s)' % body)
            named |= {hole['name']} - {None}
    out.append(re.escape(text[at:]))
    return re.compile(''.join(out), flags)


def substitute(text, variables):
    """<=name> in what the client sends or a check names."""
    return re.sub(r'<=(\w+)>', lambda m: variables[m[1]], text)


def compare(want, got, variables, flags=re.S):
    m = pattern(want, variables, flags).fullmatch(got)
    if not m:
        raise Mismatch('%r is not %r' % (got, want))
    variables.update({k: v for k, v in m.groupdict().items() if v is not None})


# --- Canonical form -------------------------------------------------------------------------


def scan(text):
    """Splits a response into tokens: ( ) [ ] strings, runs of space, anything else. A string,
    quoted or literal, becomes one token in quotes."""
    at = 0
    while at < len(text):
        c = text[at]
        if c == '"':
            m = re.compile(r'"((?:[^"\\]|\\.)*)"', re.S).match(text, at)
            if not m:
                raise Mismatch('a quoted string without an end: %r' % text[at:at + 60])
            yield '"' + m[1] + '"'
            at = m.end()
        elif c == '{' and (m := re.compile(r'\{(\d+)\}\r\n').match(text, at)):
            end = m.end() + int(m[1])
            body = text[m.end():end]
            yield '"' + body.replace('\\', '\\\\').replace('"', '\\"') + '"'
            at = end
        elif c in '()[] ':
            yield c
            at += 1
        elif c == '<' and (m := HOLE.match(text, at)):
            yield m[0]
            at = m.end()
        else:
            m = re.compile(r'[^()\[\]" {<]+|[{<]').match(text, at)
            yield m[0]
            at = m.end()


def values(text):
    """The space-separated values of a list's inside, brackets and lists kept whole."""
    out, word, depth = [], '', 0
    for token in scan(text):
        if token in ('(', '['):
            depth += 1
        elif token in (')', ']'):
            depth -= 1
            if depth < 0:
                raise Mismatch('one closing bracket too many in %r' % text[:120])
        if token == ' ' and depth == 0:
            out.append(word)
            word = ''
        else:
            word += token
    if depth:
        raise Mismatch('a list without an end in %r' % text[:120])
    out.append(word)
    return out


def inside(text):
    if not (text.startswith('(') and text.endswith(')')):
        raise Mismatch('not a list in parentheses: %r' % text[:120])
    return text[1:-1]


def compare_set(want, got, variables, what, fold=True):
    """Two lists without an order. In want: `...` allows others, `x?` may be missing."""
    want, got = list(want), list(got)
    others = '...' in want
    want = [w for w in want if w not in ('...', '')]
    left = [g for g in got if g != '']
    if len(set(left)) != len(left):
        raise Mismatch('%s: something twice in %r' % (what, got))
    for w in sorted(want, key=lambda w: bool(HOLE.search(w))):
        optional = w.endswith('?')
        for g in left:
            try:
                compare(w.rstrip('?') if optional else w, g, variables,
                        re.S | re.I if fold else re.S)
            except Mismatch:
                continue
            left.remove(g)
            break
        else:
            if not optional:
                raise Mismatch('%s: no %s in %r' % (what, w, ' '.join(got)))
    if left and not others:
        raise Mismatch('%s: unexpected %r' % (what, ' '.join(left)))


# --- The responses that have a shape of their own ----------------------------------------------


def item_name(name):
    """BODY[HEADER.FIELDS ("From")] and BODY[header.fields (FROM)] are the same item."""
    return name.upper().replace('"', '')


def fetch_items(text):
    parts = values(inside(text))
    items, at = {}, 0
    while at < len(parts):
        if parts[at] == '...':
            items['...'] = '...'
            at += 1
            continue
        if at + 1 >= len(parts):
            raise Mismatch('FETCH item %r without a value' % parts[at])
        name = item_name(parts[at])
        if name in items:
            raise Mismatch('FETCH item %s twice' % name)
        items[name] = parts[at + 1]
        at += 2
    return items


def match_fetch(want, got, variables):
    wanted, items = fetch_items(want), fetch_items(got)
    for name, value in wanted.items():
        if name == '...':
            continue
        if name not in items:
            raise Mismatch('FETCH item %s is missing' % name)
        if name == 'FLAGS':
            if not HOLE.fullmatch(value):
                compare_set(values(inside(value)), values(inside(items[name])), variables,
                            'FLAGS')
        else:
            compare(value, items[name], variables, re.S | re.I
                    if name in ('BODY', 'BODYSTRUCTURE') else re.S)
    extra = set(items) - set(wanted)
    if extra and '...' not in wanted:
        raise Mismatch('unexpected FETCH items %s' % ' '.join(sorted(extra)))


def mailbox(text):
    text = text[1:-1].replace('\\"', '"').replace('\\\\', '\\') if text.startswith('"') else text
    return 'INBOX' if text.upper() == 'INBOX' else text


# May stand in any LIST response (RFC 6154 section 2); where a script names one, all count.
SPECIAL_USES = r'\\Archive|\\Drafts|\\Junk|\\Sent|\\Trash'


def match_list(want, got, variables):
    want, got = values(want), values(got)
    if len(want) not in (3, 4) or len(got) != len(want):
        raise Mismatch('not (attributes) delimiter name [(extended data)]')
    attributes = values(inside(want[0])) + ['\\Marked?', '\\Unmarked?']
    if 'children' not in want[0].lower():
        attributes += ['\\HasChildren?', '\\HasNoChildren?']
    if not re.search(SPECIAL_USES, want[0]):
        attributes += [use + '?' for use in SPECIAL_USES.replace('\\\\', '\\').split('|')]
    compare_set(attributes, values(inside(got[0])), variables, 'attributes')
    compare(want[1], got[1], variables)
    compare(mailbox(want[2]), mailbox(got[2]), variables)
    if len(want) == 4:
        compare(want[3], got[3], variables)


def match_status_data(want, got, variables):
    want, got = values(want), values(got)
    if len(want) != 2 or len(got) != 2:
        raise Mismatch('not name (items)')
    compare(mailbox(want[0]), mailbox(got[0]), variables)

    def pairs(text):
        words = values(inside(text)) if text != '()' else []
        return [' '.join(p) for p in zip(words[::2], words[1::2])]
    compare_set(pairs(want[1]), pairs(got[1]), variables, 'STATUS')


def match_code(want, got, variables):
    """[CODE ...]: lists inside it have no order, as CAPABILITY has none."""
    want, got = want[1:-1], got[1:-1]
    name = want.split(' ')[0].upper()
    if got.split(' ')[0].upper() != name and not HOLE.match(want):
        raise Mismatch('code [%s] and not [%s]' % (got, want))
    if name in ('PERMANENTFLAGS', 'BADCHARSET') and '(' in want:
        compare_set(values(inside(want.split(' ', 1)[1])) + ['$Forwarded?'],
                    values(inside(got.split(' ', 1)[1])), variables, name)
    elif name == 'CAPABILITY':
        compare_set(want.split(' '), got.split(' '), variables, name)
    else:
        compare(want, got, variables, re.S | re.I)


def match_condition(want, got, variables):
    """tag OK [CODE] text: everything but the text, which only has to be there. The code `[*]`
    stands for any or none; so does none behind BAD. MAILBOXID comes with every CREATE (RFC 8474).
    """
    if want['cond'].upper() != got['cond'].upper():
        raise Mismatch('%s and not %s' % (got['cond'], want['cond']))
    compare(want['tag'], got['tag'], variables)
    if not (got['text'] or '').strip():
        raise Mismatch('no text behind the condition (RFC 3501 section 9: resp-text)')
    if want['code'] == '[*]' or (not want['code'] and want['cond'].upper() == 'BAD'):
        return
    if not want['code'] and (got['code'] or '').startswith('[MAILBOXID (') and \
            want['cond'].upper() == 'OK' and want['tag'] != '*':
        return
    if bool(want['code']) != bool(got['code']):
        raise Mismatch('response code %s and not %s' % (got['code'], want['code']))
    if want['code']:
        match_code(want['code'], got['code'], variables)


SHAPES = [
    (re.compile(r'\* (?P<key>\d+|<[^>]+>) FETCH (?P<rest>.*)', re.S | re.I), match_fetch),
    (re.compile(r'\* (?P<key>LIST|LSUB) (?P<rest>.*)', re.S | re.I), match_list),
    (re.compile(r'\* (?P<key>STATUS) (?P<rest>.*)', re.S | re.I), match_status_data),
    (re.compile(r'\* (?P<key>FLAGS) (?P<rest>.*)', re.S | re.I),
     lambda w, g, v: compare_set(values(inside(w)) + ['$Forwarded?'], values(inside(g)), v,
                                 'FLAGS')),
    (re.compile(r'\* (?P<key>SEARCH)(?P<rest>(?: .*)?)', re.S | re.I),
     lambda w, g, v: match_numbers(w, g, v)),
    (re.compile(r'\* (?P<key>CAPABILITY) (?P<rest>.*)', re.S | re.I),
     lambda w, g, v: compare_set(w.split(' '), g.split(' '), v, 'CAPABILITY')),
]


def match_numbers(want, got, variables):
    if got.endswith(' '):
        raise Mismatch('a space at the end of SEARCH')
    compare_set(want.split(' '), got.split(' '), variables, 'SEARCH')


def match(want, got, variables):
    """Compares one response; on success variables has what it captured, else Mismatch."""
    found = dict(variables)
    for shape, compare_rest in SHAPES:
        w, g = shape.fullmatch(want), shape.fullmatch(got)
        if w and g:
            compare(w['key'], g['key'], found, re.S | re.I)
            compare_rest(w['rest'], g['rest'], found)
            break
        if w:
            raise Mismatch('%r is not %r' % (got[:200], want[:200]))
    else:
        w, g = STATUS.fullmatch(want), STATUS.fullmatch(got)
        if w and g and want[0] != '+':
            match_condition(w, g, found)
        elif want.startswith('+ ') and ' ' in want[2:]:
            compare('+ <text>', got, found)
        else:
            compare(want, got, found)
    variables.update(found)


def match_group(wants, gots, variables):
    """Compares a group of responses that ends with a tagged one (or is cut short).

    wants: (mark, text) in the script's order, mark '' for exactly once or '?' for at most
    once; the text '...' allows any other untagged response. Untagged responses may come in
    any order, but EXPUNGEs only in that of the script, because each renumbers what follows.
    A text of Mismatch tells the first thing that is wrong."""
    others = any(text == '...' for _, text in wants)
    if any(text.endswith(' EXPUNGE') for _, text in wants):
        # EXISTS and RECENT need not follow EXPUNGE, and may (7.4.1).
        wants = wants + [('?', '* <num> EXISTS'), ('?', '* <num> RECENT')]
    wants = [w for w in wants if w[1] != '...']
    taken = [False] * len(wants)
    for got in gots:
        why = None
        order = sorted(range(len(wants)), key=lambda i: (bool(HOLE.search(wants[i][1])), i))
        for i in order:
            if taken[i]:
                continue
            try:
                match(wants[i][1], got, variables)
            except Mismatch as m:
                if why is None or similar(wants[i][1], got):
                    why = str(m)
                continue
            if 'EXPUNGE' in got and any(not taken[j] and 'EXPUNGE' in wants[j][1]
                                        for j in range(i)):
                raise Mismatch('%r too early' % got)
            taken[i] = True
            break
        else:
            if not (others and got.startswith('* ')):
                raise Mismatch('unexpected %r%s' % (got[:300], ' (%s)' % why if why else ''))
    for i, (mark, text) in enumerate(wants):
        if not taken[i] and mark != '?':
            raise Mismatch('did not come: %r' % text[:300])


def similar(a, b):
    return a.split(' ')[:3] == b.split(' ')[:3]
