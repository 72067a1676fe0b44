"""What must not grow with the folder: the same small things in folders of 1,000 to 1,000,000."""

import os
import shutil
import statistics
import subprocess

from client import now
from servers import as_user


def sizes(n, large):
    return sorted({size for size in (1_000, 10_000, 100_000) if size < n} | {n}
                  | ({1_000_000} if large else set()))


class Folder:
    """A side's folder of n messages, with a session that has it selected."""

    def __init__(self, side, n):
        self.side, self.n = side, n
        self.own = n != side.n
        self.root = side.main
        if self.own:
            self.root = side.corpus.maildir(os.path.join(side.path, 'growth'), n)
        side.selected(self.root).close()  # the first look ever is another matter
        self.client = side.selected(self.root)
        self.flagged = False

    def delivery(self):
        deliver = self.side.prepare_delivery(self.root)
        deliver()
        start = now()
        answer = self.client.run(b'NOOP')
        took = now() - start
        return took if b' EXISTS\r\n' in answer else None

    def store(self):
        """In a message half way."""
        self.flagged = not self.flagged
        return self.client.timed(b'STORE %d %sFLAGS (\\Flagged)' % (
            self.n // 2, b'+' if self.flagged else b'-'))

    def fetch(self):
        return self.client.timed(b'FETCH %d BODY.PEEK[]' % (self.n // 2))

    def status(self):
        """By a session that has nothing selected."""
        with self.side.client(self.root) as client:
            return client.timed(b'STATUS INBOX (MESSAGES UNSEEN UIDNEXT)')

    def changed_since(self):
        if 'CONDSTORE' not in self.side.capabilities:
            return None
        answer = self.client.run(b'STATUS INBOX (HIGHESTMODSEQ)')
        before = int(answer.split(b'(HIGHESTMODSEQ ')[1].split(b')')[0])
        self.store()
        return self.client.timed(b'FETCH 1:* (UID FLAGS) (CHANGEDSINCE %d)' % before)

    def alone(self, what):
        """What the store can do and imapd has no command for yet (tests/bench/store.c)."""
        program = os.environ.get('BENCH_STORE')
        if self.side.name != 'imapd' or program is None:
            return None
        done = subprocess.run([os.path.abspath(program), what, self.root], check=True,
                              stdout=subprocess.PIPE, **as_user())
        return float(done.stdout)

    def changes(self):
        return self.alone('changes')

    def append_many(self):
        return self.alone('append')

    def noop(self):
        return self.client.timed(b'NOOP')

    def close(self):
        self.client.close()
        if self.own:
            shutil.rmtree(self.root)


OPERATIONS = {'one FETCH': Folder.fetch, 'STATUS': Folder.status, 'one STORE': Folder.store,
              'a delivery taken in': Folder.delivery, 'CHANGEDSINCE': Folder.changed_since,
              'the store alone: 10 changed': Folder.changes,
              'the store alone: 500 added at once, each': Folder.append_many}
CHANGES = ('one STORE', 'a delivery taken in')


def once(operation, folders):
    """{server: ms} of one operation. A change counts together with the NOOP a moment later, which
    is where a server pays that looks again after a change of its own; what is owed from before is
    paid untimed."""
    folders[0].side.settle()
    for folder in folders:
        folder.noop()
    took = {folder.side.name: OPERATIONS[operation](folder) for folder in folders}
    if operation in CHANGES:
        folders[0].side.settle()
        for folder in folders:
            later = folder.noop()
            if took[folder.side.name] is not None:
                took[folder.side.name] += later
    return took


def measure(sides, n, runs):
    """{operation: {server: ms, or None where it can't be had}}"""
    folders, medians = [], {}
    try:
        for side in sides:
            folders.append(Folder(side, n))
        for operation in OPERATIONS:
            times = [once(operation, folders) for _ in range(runs)]
            medians[operation] = {
                side.name: None if any(t[side.name] is None for t in times)
                else statistics.median(t[side.name] for t in times) for side in sides}
    finally:
        for folder in folders:
            folder.close()
    return medians


def series(sides, n, large, runs, say):
    """{operation: {server: {messages: ms}}}"""
    out = {operation: {side.name: {} for side in sides} for operation in OPERATIONS}
    for size in sizes(n, large):
        say('growth: %s messages' % format(size, ','))
        for operation, by_side in measure(sides, size, runs).items():
            for name, value in by_side.items():
                out[operation][name][size] = value
    return out
