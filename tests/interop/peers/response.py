"""IMAP responses as values, and what two of them must have in common to be the same answer.

A string is bytes, a list a tuple, a number an int, NIL None; what else stands bare is an Atom.
"""

import collections
import re


class Atom(bytes):
    pass


class Bad(Exception):
    """A response that the grammar does not have."""


class Parser:
    def __init__(self, octets):
        self.octets, self.at = octets, 0

    def peek(self):
        return self.octets[self.at:self.at + 1]

    def take(self, octet):
        if self.peek() != octet:
            raise Bad('%r expected at %d of %r' % (octet, self.at, self.octets[:2000]))
        self.at += 1

    def match(self, pattern):
        m = re.compile(pattern, re.S).match(self.octets, self.at)
        if m is None:
            raise Bad('%r expected at %d of %r' % (pattern, self.at, self.octets[:2000]))
        self.at = m.end()
        return m

    def value(self):
        first = self.peek()
        if first == b'(':
            return self.list()
        if first == b'"':
            quoted = self.match(rb'"((?:[^"\\\r\n\0\x80-\xff]|\\["\\])*)"')[1]
            return re.sub(rb'\\(.)', rb'\1', quoted)
        if first == b'{':
            length = int(self.match(rb'\{(\d+)\}\r\n')[1])
            out = self.octets[self.at:self.at + length]
            if len(out) != length or b'\0' in out:
                raise Bad('a literal that is short, or has a NUL')
            self.at += length
            return out
        atom = self.match(rb'[^\x00-\x20\x7f-\xff(){"*%\\]+|\\[A-Za-z]+')[0]
        if atom.upper() == b'NIL':
            return None
        return int(atom) if atom.isdigit() else Atom(atom)

    def list(self):
        self.take(b'(')
        out = []
        while self.peek() != b')':
            # Bodies of a multipart, and addresses, stand without a space between them.
            if out and not (self.octets[self.at - 1:self.at] == b')' and self.peek() == b'('):
                self.take(b' ')
            out.append(self.value())
        self.take(b')')
        return tuple(out)

    def fetch(self):
        """{item: value}"""
        self.match(rb'\* \d+ FETCH \(')
        out = {}
        while True:
            item = self.match(rb'[A-Za-z0-9.]+(?:\[[^\]]*\])?(?:<\d+>)?')[0]
            self.take(b' ')
            out[item.upper()] = self.value()
            if self.peek() == b')':
                break
            self.take(b' ')
        self.take(b')')
        if self.at != len(self.octets):
            raise Bad('octets after the end of %r' % self.octets[:2000])
        return out


def fetched(octets):
    return Parser(octets).fetch()


# --- ENVELOPE and BODYSTRUCTURE -----------------------------------------------------------------


ENVELOPE = ('date', 'subject', 'from', 'sender', 'reply-to', 'to', 'cc', 'bcc', 'in-reply-to',
            'message-id')


def envelope(value):
    """{'envelope.date': ...}"""
    if not isinstance(value, tuple) or len(value) != len(ENVELOPE):
        raise Bad('no ENVELOPE: %r' % (value,))
    return {'envelope.' + n: v for n, v in zip(ENVELOPE, value)}


def lower(value):
    return value.lower() if isinstance(value, bytes) else value


def parameters(value):
    """Names have no case and no order; nor has the charset's value a case."""
    if value is None:
        return None
    if not isinstance(value, tuple) or len(value) % 2 or not value:
        raise Bad('no parameters: %r' % (value,))
    out = []
    for name, v in zip(value[::2], value[1::2]):
        out.append((name.lower(), v.lower() if name.lower() == b'charset' else v))
    return tuple(sorted(out))


def disposition(value):
    return None if value is None else (lower(value[0]), parameters(value[1]))


def languages(value):
    """One may stand alone (RFC 3501 section 9, body-fld-lang)."""
    if isinstance(value, bytes):
        value = (value,)
    return None if value is None else tuple(lower(v) for v in value)


EXTENSION = (('disposition', disposition), ('language', languages), ('location', lambda v: v))
SINGLE = (('id', lambda v: v), ('description', lambda v: v), ('encoding', lower),
          ('size', lambda v: v))

Part = collections.namedtuple('Part', 'kind number fields parts')  # kind: 'leaf' 'multi' 'message'


def structure(value, number='', extended=True):
    """The Part of a BODYSTRUCTURE, or with extended=False of a BODY, held against the grammar."""
    if not isinstance(value, tuple) or not value:
        raise Bad('no body: %r' % (value,))
    if isinstance(value[0], tuple):
        return multipart(value, number, extended)
    if len(value) < 7:
        raise Bad('a short body: %r' % (value,))
    kind = (value[0].lower(), value[1].lower())
    fields = {'type': kind, 'params': parameters(value[2])}
    for (name, norm), v in zip(SINGLE, value[3:7]):
        fields[name] = norm(v)
    if not isinstance(fields['size'], int) or fields['encoding'] is None:
        raise Bad('size or encoding missing: %r' % (value,))
    rest, parts, what = list(value[7:]), (), 'leaf'
    if number == '' or number.endswith('.'):
        number += '1'  # the one part of a message that is no multipart
    if kind == (b'message', b'rfc822') and rest and isinstance(rest[0], tuple):
        what = 'message'
        fields.update(envelope(rest.pop(0)))
        parts = (structure(rest.pop(0), number + '.', extended),)
    if what == 'message' or kind[0] == b'text':
        fields['lines'] = rest.pop(0)
        if not isinstance(fields['lines'], int):
            raise Bad('no line count: %r' % (value,))
    if extended and rest:
        fields['md5'] = rest.pop(0)
    return Part(what, number, finish(fields, rest, extended), parts)


def multipart(value, number, extended):
    n = 0
    while n < len(value) and isinstance(value[n], tuple):
        n += 1
    prefix = number if number == '' or number.endswith('.') else number + '.'
    parts = tuple(structure(v, '%s%d' % (prefix, i + 1), extended) for i, v in enumerate(value[:n]))
    fields = {'type': (b'multipart', value[n].lower())}
    rest = list(value[n + 1:])
    if extended and rest:
        fields['params'] = parameters(rest.pop(0))
    return Part('multi', number, finish(fields, rest, extended), parts)


def finish(fields, rest, extended):
    if not extended and rest:
        raise Bad('extension data in BODY: %r' % (rest,))
    for (name, norm), v in zip(EXTENSION, rest):
        fields[name] = norm(v)
    return fields


def shape(part):
    return (part.kind,) + tuple(shape(p) for p in part.parts)


def every(part):
    yield part
    for p in part.parts:
        yield from every(p)


def basic(part):
    """Without what only BODYSTRUCTURE has."""
    gone = {'md5', 'disposition', 'language', 'location'}
    if part.kind == 'multi':
        gone.add('params')
    return Part(part.kind, part.number, {k: v for k, v in part.fields.items() if k not in gone},
                tuple(basic(p) for p in part.parts))
