"""What a client believes of a mailbox, learned from nothing but what the server says (RFC 3501,
RFC 7162, RFC 9051), and the rules of how it may be said.

A Cache is what a client keeps on its disk; a View is a mailbox that is selected: the UID of each
sequence number, None where it is not yet known, and the cache. Messages that were said to be there
and are missed at a look are Wrong only then: an expunge may wait.
"""

import re

BY_NUMBER = (b'FETCH', b'STORE', b'SEARCH')  # and what they keep from being said


class Wrong(Exception):
    """The server said what it may not say, or the client believes what is not so."""


def must(condition, *what):
    if not condition:
        raise Wrong(' '.join(str(w) for w in what))


def numbers(sequence_set):
    out = []
    for piece in sequence_set.split(b','):
        first, _, last = piece.partition(b':')
        out += range(int(first), int(last or first) + 1)
    return out


def sequence_set(wanted):
    """Sorted numbers, with ranges."""
    out, wanted, at = [], sorted(wanted), 0
    while at < len(wanted):
        end = at
        while end + 1 < len(wanted) and wanted[end + 1] == wanted[end] + 1:
            end += 1
        out.append(b'%d' % wanted[at] if end == at else b'%d:%d' % (wanted[at], wanted[end]))
        at = end + 1
    return b','.join(out)


class Message:
    def __init__(self):
        self.flags = None   # a frozenset without \Recent, or None: not known
        self.modseq = 0     # the highest that was told; 0: none


class Cache:
    """What survives the connection. highest 0: no mod-sequence to resynchronize from."""

    def __init__(self):
        self.forget(None)

    def forget(self, uidvalidity):
        self.uidvalidity, self.highest, self.messages = uidvalidity, 0, {}


class Truth(dict):
    """(UIDVALIDITY, UID, mod-sequence) -> flags, as anybody was told. slack: how far, in
    microseconds, a mod-sequence may go back. Who stores when the index has just been removed has
    it from the old one, while who looks on in IDLE has begun the new one a moment before."""

    slack = 0


class Command:
    """What is in progress. name: of the command, with UID; news of messages depends on it."""

    def __init__(self, line, view=None):
        words = line.split(b' ', 2)
        self.line = line
        self.name = b' '.join(words[:2]) if words[0] == b'UID' else words[0]
        self.view = view
        self.vanished_asked = b'VANISHED' in line or b'(QRESYNC' in line
        self.earlier = set()     # VANISHED (EARLIER)
        self.told = {}           # UID -> what FETCH responses said
        self.fetched = 0         # the highest MODSEQ
        self.highest = None      # the last HIGHESTMODSEQ
        self.gone = set()        # UIDs that EXPUNGE and VANISHED told
        self.codes = {}          # response codes, upper case -> the rest
        self.search = None
        self.enabled = ()
        self.fetches = 0

    def keeps_numbers(self):
        return self.name in BY_NUMBER or (self.name == b'UID SEARCH' and
                                          re.match(rb'UID SEARCH (RETURN \(\w*\) )?\d', self.line))


class View:
    """A selected mailbox."""

    def __init__(self, cache, truth):
        self.cache, self.truth = cache, truth
        self.uids = []        # by sequence number
        self.kept = True      # no NOMODSEQ
        self.sticky = True
        self.uidnext = 0

    def unknown(self):
        return [n + 1 for n, uid in enumerate(self.uids) if uid is None]

    def message(self, uid):
        return self.cache.messages.setdefault(uid, Message())

    def place(self, number, uid):
        """This number has this UID: UIDs ascend, and none has two."""
        must(1 <= number <= len(self.uids), 'number', number, 'of', len(self.uids))
        at = self.uids[number - 1]
        must(at in (None, uid), 'number', number, 'was UID', at, 'and is', uid)
        if at is None:
            below = [u for u in self.uids[:number - 1] if u]
            above = [u for u in self.uids[number:] if u]
            must((not below or below[-1] < uid) and (not above or uid < above[0]),
                 'UID', uid, 'is out of order at', number, 'of', self.uids)
            self.uids[number - 1] = uid

    def expunge(self, number):
        must(1 <= number <= len(self.uids), 'EXPUNGE', number, 'of', len(self.uids))
        uid = self.uids.pop(number - 1)
        self.cache.messages.pop(uid, None)
        return uid

    def vanish(self, uid):
        """One that is there, or may be one of those whose UIDs are not known yet."""
        if uid in self.uids:
            return self.expunge(self.uids.index(uid) + 1)
        at = 0
        while at < len(self.uids) and (self.uids[at] or 0) < uid:
            if self.uids[at] is None and all(u is None or u > uid for u in self.uids[at:]):
                break
            at += 1
        must(at < len(self.uids) and self.uids[at] is None,
             'VANISHED of UID', uid, 'that is not in', self.uids)
        return self.expunge(at + 1) or uid

    def assume(self, known):
        """Of a client that has resynchronized: its messages come first."""
        must(len(known) <= len(self.uids),
             len(known), 'messages are believed in, there are', len(self.uids), ':', known)
        for number, uid in enumerate(known, 1):
            self.place(number, uid)


class Reader:
    """Takes responses of one connection; what was enabled decides what may come."""

    def __init__(self):
        self.condstore = self.qresync = self.rev2 = False

    def take(self, command, response):
        view = command.view
        if m := re.match(rb'\* (\d+) (EXISTS|EXPUNGE|RECENT|FETCH)\b', response):
            must(view is not None, 'nothing is selected:', response)
            getattr(self, m[2].decode().lower())(command, int(m[1]), response)
        elif response.startswith(b'* VANISHED'):
            must(view is not None, 'nothing is selected:', response)
            self.vanished(command, response)
        elif m := re.match(rb'\* (OK|NO|BAD|BYE) \[([A-Z0-9]+) ?([^\]]*)\]', response):
            self.code(command, m[2], m[3], True)
        elif response.startswith(b'* SEARCH'):
            must(not self.rev2, 'SEARCH in IMAP4rev2:', response)
            must(b'(MODSEQ' not in response or b'MODSEQ' in command.line, 'unasked:', response)
            command.search = [int(n) for n in response.split(b' (')[0].split()[2:]]
        elif response.startswith(b'* ESEARCH'):
            must(self.rev2 or b'RETURN' in command.line, 'unasked:', response)
            must(b' MODSEQ ' not in response or b'MODSEQ' in command.line, 'unasked:', response)
            m = re.search(rb' ALL ([\d:,]+)', response)
            command.search = numbers(m[1]) if m else []
        elif response.startswith(b'* ENABLED'):
            command.enabled = response.split()[2:]

    def finish(self, command, tagged):
        """The tagged response. RFC 7162 section 6 says what is highest now."""
        if m := re.match(rb'\S+ OK \[([A-Z]+) ?([^\]]*)\]', tagged):
            self.code(command, m[1], m[2], False)
        if command.view and command.view.kept and self.condstore:
            cache = command.view.cache
            cache.highest = max(cache.highest, command.fetched) \
                if command.highest is None else command.highest

    def exists(self, command, n, response):
        view = command.view
        must(n >= len(view.uids), 'EXISTS', n, 'below', len(view.uids))
        view.uids += [None] * (n - len(view.uids))

    def recent(self, command, n, response):
        must(not self.rev2, 'RECENT in IMAP4rev2')
        must(n <= len(command.view.uids), response, 'of', len(command.view.uids))

    def expunge(self, command, n, response):
        must(not self.qresync or not command.view.kept, 'EXPUNGE after ENABLE QRESYNC')
        must(not command.keeps_numbers(), 'EXPUNGE in', command.name)
        command.gone.add(command.view.expunge(n))

    def vanished(self, command, response):
        view = command.view
        must(self.qresync and view.kept, 'QRESYNC is not enabled:', response)
        m = re.fullmatch(rb'\* VANISHED (\(EARLIER\) )?([\d:,]+)', response)
        must(m, 'malformed:', response)
        uids = numbers(m[2])
        must(len(set(uids)) == len(uids), 'twice:', response)
        if not m[1]:
            must(not command.keeps_numbers(), 'VANISHED in', command.name)
            must(command.name != b'SELECT', 'without EARLIER:', response)
            for uid in uids:
                command.gone.add(view.vanish(uid))
            return
        must(command.vanished_asked, 'unasked:', response)
        must(not command.fetches, 'after a FETCH response:', response)
        seen = set(uids) & set(view.uids)
        must(not seen, 'EARLIER names what is in view:', seen)
        command.earlier |= set(uids)
        for uid in uids:
            view.cache.messages.pop(uid, None)

    def fetch(self, command, n, response):
        view = command.view
        command.fetches += 1
        must(n <= len(view.uids), 'FETCH', n, 'of', len(view.uids))
        m = re.search(rb'\bUID (\d+)', response)
        flags = re.search(rb'\bFLAGS \(([^)]*)\)', response)
        modseq = re.search(rb'\bMODSEQ \((\d+)\)', response)
        asked = command.name in (b'FETCH', b'UID FETCH')
        if m:
            view.place(n, int(m[1]))
        must(m or not command.name.startswith(b'UID '), 'no UID in', command.name)
        must(m or asked or not self.qresync, 'no UID after ENABLE QRESYNC:', response)
        must(not modseq or self.condstore, 'CONDSTORE is not enabled:', response)
        must(modseq or asked or not self.condstore or not view.kept, 'no MODSEQ:', response)
        uid = view.uids[n - 1]
        if uid is None:
            if modseq:
                command.fetched = max(command.fetched, int(modseq[1]))
            return
        told = command.told.setdefault(uid, {'n': n})
        message = view.message(uid)
        if modseq:
            value = int(modseq[1])
            must(0 < value < 1 << 63, response)
            must(value + view.truth.slack >= message.modseq,
                 'the mod-sequence of UID', uid, 'was', message.modseq, 'and is', value)
            if value > message.modseq and not flags:
                told.pop('flags', None)
                told['base'], message.flags = message.flags, None
            message.modseq = told['modseq'] = value
            command.fetched = max(command.fetched, value)
        if flags:
            named = flags[1].split()
            must(not self.rev2 or b'\\Recent' not in named, '\\Recent in IMAP4rev2:', response)
            must(len(set(named)) == len(named), 'twice:', response)
            message.flags = told['flags'] = frozenset(named) - {b'\\Recent'}
            if modseq:
                self.same(view, uid, message)

    def same(self, view, uid, message):
        """One mod-sequence of a message is one state, whoever is told (RFC 7162 section 3.1)."""
        key = (view.cache.uidvalidity, uid, message.modseq)
        if view.cache.uidvalidity is not None:
            before = view.truth.setdefault(key, message.flags)
            must(before == message.flags, 'UID', uid, 'has', sorted(message.flags), 'at',
                 message.modseq, 'and had', sorted(before))

    def code(self, command, name, rest, untagged):
        view = command.view
        command.codes[name] = rest
        if name == b'HIGHESTMODSEQ':
            must(view is not None, 'nothing is selected: HIGHESTMODSEQ')
            opening = command.name == b'SELECT'
            must(opening or self.condstore, 'HIGHESTMODSEQ, and CONDSTORE is not enabled')
            must(command.name != b'CLOSE', 'HIGHESTMODSEQ in CLOSE')
            must(0 < int(rest) < 1 << 63, name, rest)
            command.highest = int(rest)
            if not opening:
                view.cache.highest = int(rest)
        elif name == b'NOMODSEQ' and view is not None:
            view.kept, view.cache.highest = False, 0
        elif name == b'UIDNOTSTICKY':
            view.sticky = False
        elif name == b'UIDNEXT':
            view.uidnext = int(rest)
        elif name == b'UIDVALIDITY' and command.name == b'SELECT':
            if int(rest) != view.cache.uidvalidity:
                view.cache.forget(int(rest))
        elif name == b'UNSEEN':
            must(not self.rev2 and 1 <= int(rest) <= len(view.uids), 'UNSEEN', rest)
