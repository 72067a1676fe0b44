"""A client that does random things and keeps what it believes (lib/belief.py)."""

import collections

from lib import belief, server
from lib.belief import must

KINDS = {'plain': b'', 'condstore': b'CONDSTORE', 'qresync': b'QRESYNC', 'rev2': b'IMAP4rev2',
         'rev2 condstore': b'IMAP4rev2 CONDSTORE', 'rev2 qresync': b'QRESYNC IMAP4rev2'}
FLAGS = [b'\\Seen', b'\\Flagged', b'\\Deleted', b'\\Answered', b'\\Draft', b'one', b'$Two']
SECONDS = 30


class Gone(Exception):
    """The server said BYE."""


class Player:
    def __init__(self, who, kind, argv, log, identity, home, truth):
        self.who, self.kind = who, kind
        self.start_of = (argv, log, identity, True, home, None, SECONDS)
        self.truth = truth      # what all have been told, for belief.Reader.same
        self.caches = {}        # by folder; what survives a connection
        self.trace = collections.deque(maxlen=2000)
        self.serial = 0
        self.connect()

    # --- The connection ---------------------------------------------------------------------

    def connect(self):
        self.folder, self.view, self.suspects = None, None, []
        self.reader = belief.Reader()
        self.c = server.Connection(*self.start_of)
        greeting = self.c.response()
        must(greeting and greeting.startswith(b'* PREAUTH'), greeting)
        if not KINDS[self.kind]:
            return
        _, command = self.run(b'ENABLE ' + KINDS[self.kind])
        must(set(KINDS[self.kind].split()) <= set(command.enabled), 'enabled', command.enabled)
        self.reader.rev2 = 'rev2' in self.kind
        self.reader.qresync = 'qresync' in self.kind
        self.reader.condstore = self.reader.qresync or 'condstore' in self.kind

    def lose(self):
        """The connection is no more. A client that had not yet got some messages forgets what
        stands behind the first of them, and so finds them as new ones."""
        self.note('lost')
        self.c.kill()
        self.leave()

    def leave(self):
        view, self.view, self.suspects = self.view, None, []
        if view is None:
            return
        known = [u for u in view.uids if u is not None]
        if None in view.uids:
            known = view.uids[:view.uids.index(None)]
        view.cache.messages = {u: m for u, m in view.cache.messages.items() if u in set(known)}
        if not view.sticky or not view.kept or not self.reader.condstore:
            view.cache.forget(view.cache.uidvalidity)

    def note(self, text):
        self.trace.append('%s %s' % (self.who, text))

    def aware(self):
        return self.reader.condstore and self.view.kept

    # --- Commands ---------------------------------------------------------------------------

    def begin(self, line):
        self.serial += 1
        tag = b'%s%d' % (self.who.encode(), self.serial)
        self.note('C: %s %s' % (tag.decode(), line.decode('latin-1')))
        command = belief.Command(line, self.view)
        if not self.c.send(tag + b' ' + line + b'\r\n'):
            raise Gone
        return tag, command

    def read(self):
        got = self.c.response()
        self.note('S: %s' % (got and got.decode('latin-1')))
        must(got is not None, 'the server closed the connection')
        if got.startswith(b'* BYE'):
            raise Gone
        return got

    def end(self, begun):
        """(b'OK', the command with all that was said)."""
        tag, command = begun
        while not (got := self.read()).startswith(tag + b' '):
            if got.startswith(b'* OK [CLOSED]'):
                must(command.name == b'SELECT' and command.view, 'nothing to close:', got)
                self.leave()
                command.view, command.highest, command.fetched = command.opens, None, 0
                command.codes[b'CLOSED'] = b''
            else:
                self.reader.take(command, got)
        self.reader.finish(command, got)
        return got.split(b' ')[1], command

    def run(self, line):
        return self.end(self.begin(line))

    def fine(self, line):
        status, command = self.run(line)
        must(status == b'OK', status, 'for', line)
        return command

    def number_known(self, command, number):
        """A number in an answer."""
        must(1 <= number <= len(self.view.uids), command.line, 'names number', number)
        return self.view.uids[number - 1]

    # --- Select, and become one with the server -----------------------------------------------

    def select(self, folder, r):
        cache = self.caches.setdefault(folder, belief.Cache())
        uidvalidity, highest = cache.uidvalidity, cache.highest
        known = self.known(cache)
        line, may_vanish = b'SELECT ' + folder, None
        if self.reader.qresync and highest and r.random() < 0.9:
            parameters, may_vanish = resync_parameters(cache, known, r)
            line += b' (QRESYNC (' + parameters + b'))'
        elif self.reader.condstore and r.random() < 0.3:
            line += b' (CONDSTORE)'
        tag, command = self.begin(line)
        was, command.opens = self.view, belief.View(cache, self.truth)
        command.view = was or command.opens
        status, command = self.end((tag, command))
        must(status == b'OK', status, 'for', line)
        must(was is None or b'CLOSED' in command.codes, 'no CLOSED')
        must(b'UIDVALIDITY' in command.codes and b'UIDNEXT' in command.codes, 'codes')
        must(command.view.kept == (b'HIGHESTMODSEQ' in command.codes), 'HIGHESTMODSEQ, NOMODSEQ')
        self.folder, self.view = folder, command.view
        must(may_vanish is None or all(u in may_vanish for u in command.earlier),
             'EARLIER names what was not asked for:', sorted(command.earlier))
        known = [u for u in known if u in cache.messages]
        if cache.uidvalidity != uidvalidity or not highest or not self.aware():
            known = []
        if not known:
            cache.messages.clear()
        elif may_vanish is not None:
            self.view.assume(known)
        else:
            self.resync_condstore(known, highest)
        self.fill()

    def known(self, cache):
        """UIDs of which the client may say that it knows them, and all below."""
        uids = sorted(cache.messages)
        if self.view is not None and self.view.cache is cache:
            uids = self.view.uids
            uids = uids[:uids.index(None)] if None in uids else uids
        return [u for u in uids if u in cache.messages]

    def resync_condstore(self, known, highest):
        """RFC 7162 section 6, and 3.1.4.1, without QRESYNC: who is there, what has changed."""
        self.fine(b'UID FETCH 1:* (UID)') if self.view.uids else None
        there = {u for u in self.view.uids if u is not None}
        for uid in known:
            if uid not in there:
                self.view.cache.messages.pop(uid, None)
        if self.view.uids:
            self.fine(b'UID FETCH 1:* (FLAGS) (CHANGEDSINCE %d)' % highest)

    def fill(self):
        """Gets the UIDs and flags that are not known."""
        for _ in range(20):
            unknown = self.view.unknown()
            items = b'(UID FLAGS MODSEQ)' if self.aware() else b'(UID FLAGS)'
            if unknown:
                status, _ = self.run(b'FETCH %s %s' % (belief.sequence_set(unknown), items))
            else:
                lacking = [u for u in self.view.uids if self.view.message(u).flags is None]
                if not lacking:
                    return
                status, _ = self.run(b'UID FETCH %s %s' % (belief.sequence_set(lacking), items))
            must(status != b'BAD', 'BAD for FETCH')
            if status == b'NO' or self.view.unknown():
                self.fine(b'NOOP')
        raise belief.Wrong('can not get %s of %s' % (self.view.unknown(), self.view.uids))


def resync_parameters(cache, known, r):
    """(the arguments, the UIDs that VANISHED (EARLIER) may name). What is given as known is all
    that is known, so that the client may believe in all of it afterwards."""
    out, may_vanish = b'%d %d' % (cache.uidvalidity, cache.highest), range(1, 1 << 32)
    kind = r.random()
    if kind < 0.4 and known:
        out += b' ' + belief.sequence_set(known)
        may_vanish = set(known)
    elif kind < 0.6 and known:
        out += b' 1:%d' % known[-1]
        may_vanish = range(1, known[-1] + 1)
    if known and r.random() < 0.5:
        sample = sorted(r.sample(range(len(known)), r.randint(1, min(5, len(known)))))
        out += b' (%s %s)' % (b','.join(b'%d' % (at + 1) for at in sample),
                              b','.join(b'%d' % known[at] for at in sample))
    return out, may_vanish
