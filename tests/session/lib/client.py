"""A small IMAP client for tests that talk freely: one command, all of its responses."""

import collections
import re
import time

from lib import server


class Refused(Exception):
    """The tagged answer was not OK; the text is that answer."""


class Client:
    def __init__(self, argv, log, user=None, home='/', seconds=30):
        self.c = server.Connection(argv, log, user, False, home, None, seconds)
        self.serial = 0
        self.exists = 0
        self.trace = collections.deque(maxlen=60)  # (when, what was said), for a failure
        greeting = self.read()
        if not greeting.startswith(b'* PREAUTH'):
            raise Refused(greeting)

    def read(self):
        return self.note(self.c.response())

    def note(self, got):
        if got is None:
            raise Refused(b'the server closed the connection')
        if b' FETCH ' not in got:
            self.trace.append((time.monotonic(), b'S: ' + got[:160]))
        if m := re.match(rb'\* (\d+) EXISTS', got):
            self.exists = int(m[1])
        elif re.match(rb'\* \d+ EXPUNGE', got):
            self.exists -= 1
            if self.exists < 0:
                raise Refused(b'more EXPUNGEs than messages')
        return got

    def start(self, command):
        self.serial += 1
        tag = b't%d' % self.serial
        self.trace.append((time.monotonic(), b'C: ' + tag + b' ' + command[:160]))
        if not self.c.send(tag + b' ' + command + b'\r\n'):
            raise Refused(b'the server has gone')
        return tag

    def finish(self, tag):
        untagged = []
        while True:
            got = self.read()
            if got.startswith(tag + b' '):
                if not got.startswith(tag + b' OK'):
                    raise Refused(got)
                return untagged, got
            untagged.append(got)

    def run(self, command):
        """(untagged responses, the tagged one)."""
        return self.finish(self.start(command))

    def append(self, folder, octets, flags=b''):
        """The UID of the message, from APPENDUID."""
        _, tagged = self.run(b'APPEND %s (%s) {%d+}\r\n%s' % (folder, flags, len(octets), octets))
        return int(re.search(rb'\[APPENDUID \d+ (\d+)\]', tagged)[1])

    def idle(self, seconds):
        tag = self.start(b'IDLE')
        while not (got := self.read()).startswith(b'+'):
            if got.startswith(tag):
                raise Refused(got)
        said = []
        try:
            while True:
                said.append(self.note(self.c.response(seconds)))
        except server.Timeout:
            pass
        self.c.send(b'DONE\r\n')
        return said + self.finish(tag)[0]

    def logout(self):
        self.run(b'LOGOUT')
        return self.c.finish()[0]
