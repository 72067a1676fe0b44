"""What a player may do: each deed is a generator that yields command lines and is sent (status,
command) for each, so that two can be under way at the same time."""

from lib import belief
from lib.belief import must
from lib.player import FLAGS


def some_flags(r):
    return b' '.join(f for f in FLAGS if r.random() < 0.25)


def some_uids(p, r):
    known = [u for u in p.view.uids if u is not None]
    return sorted(r.sample(known, min(len(known), r.choice([1, 1, 2, 3, 8])))) if known else []


def named(p, r, uids, by_uid=None):
    """(prefix, set): by UID or by number."""
    if r.random() < 0.5 if by_uid is None else by_uid:
        return b'UID ', belief.sequence_set(uids)
    return b'', belief.sequence_set([p.view.uids.index(u) + 1 for u in uids])


def told(status, command):
    """NO is an answer where another has expunged what is meant; BAD is not."""
    must(status in (b'OK', b'NO'), status, 'for', command.line)
    return status == b'OK'


def noop(p, r):
    told(*(yield r.choice([b'NOOP', b'NOOP', b'CHECK'])))


def store(p, r, by_uid=None):
    uids = some_uids(p, r)
    if not uids:
        return
    by_uid, which = named(p, r, uids, by_uid)
    op, given = r.choice([b'+', b'-', b'']), some_flags(r)
    silent = r.random() < 0.5
    condition, limit = b'', None
    if p.reader.condstore and r.random() < 0.5:
        modseqs = [p.view.message(u).modseq for u in uids] + [p.view.cache.highest]
        limit = r.choice([max(modseqs), max(modseqs), min(modseqs), 0, modseqs[0]])
        condition = b'(UNCHANGEDSINCE %d) ' % limit
    before = {u: (p.view.message(u).flags, p.view.message(u).modseq) for u in uids}
    status, command = yield b'%sSTORE %s %s%sFLAGS%s (%s)' % (
        by_uid, which, condition, op, b'.SILENT' if silent else b'', given)
    if limit is not None and not p.view.kept:
        must(status == b'BAD', 'UNCHANGEDSINCE with NOMODSEQ:', status)
        return
    done = told(status, command)
    modified = belief.numbers(command.codes.get(b'MODIFIED') or b'0')
    if not by_uid and modified != [0]:
        modified = [p.number_known(command, n) for n in modified]
    must(limit is not None or modified == [0], 'MODIFIED, unasked')
    must(modified == [0] or set(modified) <= set(uids), 'MODIFIED', modified)
    for uid in uids:
        if uid not in p.view.uids:
            continue
        flags, modseq = before[uid]
        said = command.told.get(uid, {})
        # 0 asks whether a keyword is there, which others may have taken away by now.
        asks = limit == 0 and op and given and b'\\' not in given
        if limit is not None and modseq > limit and done and uid not in modified and not asks:
            p.suspects.append((uid, 'not MODIFIED by %r' % command.line))
        if 'flags' in said:
            continue
        message = p.view.message(uid)
        if uid in modified or not done:
            message.flags = None
            continue
        if 'modseq' not in said and p.aware():
            p.suspects.append((uid, 'no MODSEQ after %r' % command.line))
        if not silent:
            p.suspects.append((uid, 'no FLAGS after %r' % command.line))
        message.flags = computed(said.get('base', flags), op, given)


def computed(flags, op, given):
    given = frozenset(given.split())
    if op == b'':
        return given
    if flags is None:
        return None
    return flags | given if op == b'+' else flags - given


def expunge(p, r):
    uids = some_uids(p, r)
    if uids and r.random() < 0.6:
        told(*(yield b'UID EXPUNGE ' + belief.sequence_set(uids)))
        return
    told(*(yield b'EXPUNGE'))


def remove(p, r):
    uids = some_uids(p, r)
    if not uids:
        return
    for line in (b'UID STORE %s +FLAGS (\\Deleted)', b'UID EXPUNGE %s'):
        told(*(yield line % belief.sequence_set(uids)))


def append(p, r, folder):
    line = b'APPEND ' + folder
    for _ in range(r.choice([1, 1, 1, 2])):
        text = b'Subject: %d\r\n\r\n%s\r\n' % (r.randint(1, 99), b'x' * r.randint(0, 60))
        line += b' (%s) {%d+}\r\n%s' % (some_flags(r), len(text), text)
    status, command = yield line
    must(status == b'OK' and b'APPENDUID' in command.codes, status, 'without APPENDUID')
    p.world.given(folder, command.codes[b'APPENDUID'].split()[0:2])


def transfer(p, r, folder):
    uids = some_uids(p, r)
    if not uids:
        return
    by_uid, which = named(p, r, uids)
    move = r.random() < 0.5
    status, command = yield b'%s%s %s %s' % (by_uid, b'MOVE' if move else b'COPY', which, folder)
    if not told(status, command) or b'COPYUID' not in command.codes:
        return
    uidvalidity, sources, targets = command.codes[b'COPYUID'].split()
    sources, targets = belief.numbers(sources), belief.numbers(targets)
    must(len(sources) == len(targets) and set(sources) <= set(uids), command.codes)
    must(not move or set(sources) <= command.gone, 'moved', sources, 'and gone', command.gone)
    p.world.given(folder, [uidvalidity, belief.sequence_set(targets)])


def fetch(p, r, by_uid=None):
    uids = some_uids(p, r)
    if not uids:
        return
    by_uid, which = named(p, r, uids, by_uid)
    items = r.choice([b'FLAGS', b'(UID FLAGS)', b'BODY[TEXT]', b'(BODY.PEEK[] FLAGS)', b'UID'])
    status, command = yield b'%sFETCH %s %s' % (by_uid, which, items)
    if told(status, command):
        for uid in uids:
            if uid not in command.told:
                p.suspects.append((uid, 'not told by %r' % command.line))


def fetch_changed(p, r):
    if not p.reader.condstore or not p.view.uids:
        return
    known = [p.view.message(u).modseq for u in p.view.uids if u] + [p.view.cache.highest]
    since = max(1, r.choice(known) - r.choice([0, 1]))
    vanished = p.reader.qresync and r.random() < 0.6
    by_uid = b'UID ' if vanished or r.random() < 0.5 else b''
    status, command = yield b'%sFETCH 1:* (FLAGS) (CHANGEDSINCE %d%s)' % (
        by_uid, since, b' VANISHED' if vanished else b'')
    if not p.view.kept:
        must(status == b'BAD', 'CHANGEDSINCE with NOMODSEQ:', status)
        return
    told(status, command)
    for uid in p.view.uids:
        if uid and p.view.message(uid).modseq > since and uid not in command.told:
            p.suspects.append((uid, 'not told by %r' % command.line))
    for uid, said in command.told.items():
        # With the index go the numbers that it gave: what one session had from it may stand above
        # changes that another one made in the next, and is told of all.
        must(p.world.index_lost or since > p.view.cache.highest or
             said.get('modseq', 1 << 63) > since,
             'UID', uid, 'is told for CHANGEDSINCE', since, ':', said)


def search(p, r, by_uid=None):
    if not p.view.uids:
        return
    by_uid = r.choice([b'', b'UID ']) if by_uid is None else b'UID ' if by_uid else b''
    key = r.choice([b'FLAGGED', b'KEYWORD one', b'UNSEEN', b'1:*', b'ALL', b'MODSEQ'])
    modseqs = [p.view.message(u).modseq for u in p.view.uids if u]
    least = None
    if key == b'MODSEQ':
        if not p.reader.condstore or not modseqs:
            return
        least = r.choice(modseqs)
        key = b'MODSEQ %d' % least
    rights = {u for u in p.view.uids if u and p.view.message(u).modseq >= (least or 0)}
    status, command = yield b'%sSEARCH %s' % (by_uid, key)
    if least is not None and not p.view.kept:
        must(status == b'BAD', 'MODSEQ with NOMODSEQ:', status)
        return
    told(status, command)
    must(command.search is not None or status == b'NO', 'no answer to', command.line)
    found = command.search or []
    if not by_uid:
        found = [p.number_known(command, n) for n in found]
    if least is not None and status == b'OK' and p.view.kept:
        for uid in rights & set(p.view.uids) - set(found):
            p.suspects.append((uid, 'not found by %r' % command.line))


def status_of(p, r, folder):
    items = b'MESSAGES UIDNEXT UNSEEN' + (b' HIGHESTMODSEQ' if p.reader.condstore else b'')
    told(*(yield b'STATUS %s (%s)' % (folder, items)))


def replace(p, r, folder):
    uids = some_uids(p, r)[:1]
    if not uids:
        return
    by_uid, which = named(p, r, uids)
    text = b'Subject: new\r\n\r\n%s\r\n' % (b'y' * r.randint(0, 60))
    status, command = yield b'%sREPLACE %s %s (%s) {%d+}\r\n%s' % (
        by_uid, which, folder, some_flags(r), len(text), text)
    if told(status, command) and b'APPENDUID' in command.codes:
        p.world.given(folder, command.codes[b'APPENDUID'].split()[0:2])
