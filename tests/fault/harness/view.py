"""What a client believes of its folder: from EXISTS, EXPUNGE and FETCH responses alone, and from
asking for what EXISTS has announced. It is told of each change, or it is wrong for ever."""

import re

from lib import client


class View:
    def __init__(self, c, command=b'SELECT INBOX'):
        self.c = c
        self.messages = []  # [UID, flags], by sequence number; flags None: not told yet
        self.take(c.run(command)[0])
        self.learn()

    def take(self, untagged):
        for u in untagged:
            if m := re.match(rb'\* (\d+) EXISTS$', u):
                wanted = int(m[1])
                if wanted < len(self.messages):
                    raise client.Refused(b'EXISTS goes down: ' + u)
                self.messages += [[None, None] for _ in range(wanted - len(self.messages))]
            elif m := re.match(rb'\* (\d+) EXPUNGE$', u):
                del self.messages[int(m[1]) - 1]
            elif m := re.match(rb'\* (\d+) FETCH ', u):
                self.take_fetch(self.messages[int(m[1]) - 1], u)

    def take_fetch(self, message, u):
        if m := re.search(rb'UID (\d+)', u):
            if message[0] not in (None, int(m[1])):
                raise client.Refused(b'it was UID %d: %s' % (message[0], u))
            message[0] = int(m[1])
        if m := re.search(rb'FLAGS \(([^)]*)\)', u):
            message[1] = frozenset(m[1].decode().split()) - {'\\Recent'}

    def run(self, command):
        """The tagged answer: OK, or NO where a message is gone meanwhile."""
        tag = self.c.start(command)
        untagged = []
        while not (got := self.c.read()).startswith(tag + b' '):
            untagged.append(got)
        self.take(untagged)
        if not got.startswith((tag + b' OK', tag + b' NO')):
            raise client.Refused(got)
        return got

    def learn(self):
        """Asks for UID and flags of what is new."""
        while unknown := [n for n, m in enumerate(self.messages, 1) if None in m]:
            self.run(b'FETCH %d:%d (UID FLAGS)' % (unknown[0], unknown[-1]))

    def noop(self):
        self.run(b'NOOP')
        self.learn()

    def flags(self):
        """{UID: flags}"""
        out = dict(self.messages)
        if len(out) != len(self.messages):
            raise client.Refused(b'a UID twice: %r' % self.messages)
        return out
