"""Reads a script: tests/session/README has the format."""

import re

LINE = re.compile(r'(?P<who>[CS])(?P<conn>[1-9]?)(?P<mark>[x?]?):(?: (?P<text>.*))?$', re.S)
ESCAPE = re.compile(rb'\\(x[0-9A-Fa-f]{2}|[rnt0\\])')
REPEAT = re.compile(rb'\\\*(\d+)\{([^}]*)\}')
MEANING = {b'r': b'\r', b'n': b'\n', b't': b'\t', b'0': b'\0', b'\\': b'\\'}


class ScriptError(Exception):
    pass


def unescape(text):
    text = REPEAT.sub(lambda m: m[2] * int(m[1]), text)
    return ESCAPE.sub(lambda m: MEANING.get(m[1]) or bytes([int(m[1][1:], 16)])
                      if m[1] != b'0' else b'\0', text)


class Step:
    """kind: 'send' (conn, text), 'expect' (conn, wants), 'do' or 'check' (words, block)."""

    def __init__(self, kind, line, **rest):
        self.kind, self.line = kind, line
        self.__dict__.update(rest)


def block_line(body):
    """What is behind the bar: `e` for escapes, `*N` for N times, a space, the line."""
    m = re.match(rb'(e?)(?:\*(\d+))?(?: |$)', body)
    if not m:
        raise ScriptError('not a line of a block: %r' % body)
    return bool(m[1]), int(m[2] or 1), body[m.end():]


def block_octets(lines, eol):
    """Lines of a block, (escaped, times, octets): each with an end of line, or, when escaped and
    ending in \\c, without."""
    out = b''
    for escaped, times, text in lines:
        end = eol
        if escaped:
            if text.endswith(b'\\c'):
                text, end = text[:-2], b''
            text = unescape(text)
        out += (text + end) * times
    return out


def ends_group(text):
    """Tagged responses, continuations and the end of the connection end a group. A hole in the
    tag's place may stand for an untagged response."""
    return text.startswith(('<eof', '<quiet')) or not text.startswith(('* ', '...', '<'))


class Script:
    def __init__(self, path):
        self.path = path
        self.steps = []
        with open(path, 'rb') as f:
            lines = f.read().split(b'\n')
        self._literal = None  # a send step that waits for the octets of its {*}
        self._parse(lines)
        if self._literal:
            raise ScriptError('%s:%d: {*} without a block' % (path, self._literal.line))

    def _parse(self, lines):
        at = 0
        while at < len(lines):
            number, line = at + 1, lines[at]
            at += 1
            if not line or line.startswith(b'#'):
                continue
            block = []
            if not line.startswith(b'|'):
                self._line(number, line)
                if not line.startswith((b'=', b'?', b'S')):
                    continue
            else:
                at -= 1
            while at < len(lines) and lines[at].startswith(b'|'):
                block.append(block_line(lines[at][1:]))
                at += 1
            if block:
                self._block(number, block)

    def _line(self, number, raw):
        line = raw.decode('latin-1')
        if line[0] in '=?':
            # Split at spaces alone: as latin-1, UTF-8 looks full of other white space.
            words = line[1:].strip(' ').split(' ')
            self.steps.append(Step('do' if line[0] == '=' else 'check', number, words=words,
                                   block=[]))
            return
        m = LINE.match(line)
        if not m:
            raise ScriptError('%s:%d: not a line of a script: %s' % (self.path, number, line))
        conn, text = int(m['conn'] or 1), m['text'] or ''
        if m['who'] == 'C':
            octets = unescape(text.encode('latin-1')).decode('latin-1') \
                if m['mark'] == 'x' else text + '\r\n'
            step = Step('send', number, conn=conn, text=octets)
            self.steps.append(step)
            if re.search(r'\{\*\+?\}\r\n$', octets):
                self._literal = step
            return
        self._expect(number, conn, m['mark'], text)

    def _expect(self, number, conn, mark, text):
        last = self.steps[-1] if self.steps else None
        if last and last.kind == 'expect' and last.conn == conn and last.open_literal:
            last.wants[-1] = (last.wants[-1][0], last.wants[-1][1] + text)
        elif last and last.kind == 'expect' and last.conn == conn and not last.ended:
            last.wants.append((mark, text))
        else:
            last = Step('expect', number, conn=conn, wants=[(mark, text)], ended=False)
            self.steps.append(last)
        last.open_literal = text.endswith('{*}')
        last.ended = not last.open_literal and ends_group(last.wants[-1][1])

    def _block(self, number, block):
        last = self.steps[-1] if self.steps else None
        if last and last.kind in ('do', 'check'):
            last.block = block
        elif last and last.kind == 'expect' and last.open_literal:
            octets = block_octets(block, b'\r\n').decode('latin-1')
            mark, text = last.wants[-1]
            last.wants[-1] = (mark, '%s{%d}\r\n%s' % (text[:-3], len(octets), octets))
        elif self._literal:
            octets = block_octets(block, b'\r\n').decode('latin-1')
            step = self._literal
            step.text = re.sub(r'\{\*(\+?)\}\r\n$',
                               lambda m: '{%d%s}\r\n' % (len(octets), m[1]), step.text)
            self.steps.append(Step('send', number, conn=step.conn, text=octets))
            self._literal = None
        else:
            raise ScriptError('%s:%d: a block that belongs to nothing' % (self.path, number))

    def words(self, name):
        """The arguments of each directive of that name."""
        return [s.words[1:] for s in self.steps if s.kind == 'do' and s.words[0] == name]

    def flag(self, name):
        return bool(self.words(name))

    def pipelinable(self):
        """Whether one connection says everything without needing to know an answer or an
        outside event first."""
        talk = [i for i, s in enumerate(self.steps) if s.kind in ('send', 'expect')]
        sends = [i for i in talk if self.steps[i].kind == 'send']
        if not sends:
            return False
        middle = self.steps[talk[0]:sends[-1]]
        return (all(s.kind in ('send', 'expect') for s in middle)
                and all(self.steps[i].conn == 1 for i in talk)
                and not any('<=' in s.text for s in middle if s.kind == 'send')
                and '<=' not in self.steps[sends[-1]].text
                and not any(w[1].startswith('<quiet') for s in middle if s.kind == 'expect'
                            for w in s.wants))
