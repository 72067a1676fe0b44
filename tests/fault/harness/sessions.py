"""Sessions that work at once on one account, in one thread: each has one command under way, and
the model learns what was asked for when it is sent, and what was done when it is answered."""

import os
import re
import select
import signal
import time

from harness import account, index
from lib import server

FLAGS = ('\\Seen', '\\Flagged', '\\Answered', 'Work')
ANSWER_SECONDS = 15


class Slot:
    """A session and what it is doing; after a kill, the next session in its place."""

    def __init__(self, crowd, who, home):
        self.crowd, self.who, self.home = crowd, who, home
        self.random, self.model = crowd.random, crowd.model
        self.c = None
        self.serial = 0
        self.open()

    def open(self):
        self.c = self.crowd.account.client(self.crowd.root)
        self.waiting, self.deed, self.untagged, self.folder = [], None, [], None
        self.stopped = self.exposed = False
        self.ask(None, b'SELECT ' + account.quoted(self.home))

    def ask(self, deed, *commands):
        """deed(answers, untagged) is called when all are answered."""
        octets = []
        for command in commands:
            self.c.serial += 1
            self.waiting.append(b't%d ' % self.c.serial)
            octets.append(self.waiting[-1] + command + b'\r\n')
        self.deed, self.answers, self.untagged = deed, [], []
        self.modseqs = dict(self.model.modseq)  # an answer is no older than these
        self.asked = time.monotonic()
        self.c.c.send(b''.join(octets))

    def hear(self):
        """Takes what has come."""
        while self.waiting:
            try:
                got = self.c.c.response(0)
            except server.Timeout:
                if time.monotonic() - self.asked > ANSWER_SECONDS:
                    raise AssertionError('%s: no answer for %d s' % (self.who, ANSWER_SECONDS))
                return
            if got is None and self.exposed:
                return self.open_again()
            if got is None:
                raise AssertionError('%s: the session ended' % self.who)
            self.c.note(got)
            if not got.startswith(self.waiting[0]):
                self.untagged.append(got)
                continue
            self.answers.append(got[len(self.waiting.pop(0)):])
        if self.answers:
            self.answered()

    def open_again(self):
        """It has met the damage and ended."""
        self.crowd.counts['ended'] += 1
        self.exposed = False
        self.kill()
        self.open()

    def answered(self):
        answers, untagged, deed = self.answers, self.untagged, self.deed
        self.answers, self.untagged, self.deed = [], [], None
        for a in answers:
            if a.startswith(b'BAD'):
                raise AssertionError('%s: %r' % (self.who, a))
        if (v := account.number(untagged, b'UIDVALIDITY')) is not None and \
                answers[-1].startswith(b'OK'):
            self.folder = v
            self.model.modseq_told(v, account.number(untagged, b'HIGHESTMODSEQ'), self.modseqs)
        if self.folder is not None:
            for uid, name in account.told_by(untagged).items():
                self.model.told(self.folder, uid, name)
        if deed is not None:
            deed(answers, untagged)

    # --- What a session does --------------------------------------------------------------------

    def act(self):
        deeds = [self.append] * 5 + [self.copy] * 3 + [self.store] * 4 + [self.expunge] * 3 + \
            [self.fetch] * 2 + [self.check]
        if self.home == 'INBOX':
            deeds += [self.folders]
        if self.who == 0:
            deeds += [self.rename] * 2
        self.random.choice(deeds)()

    def some_folder(self):
        names = [n for n in self.model.names if not n.startswith('passing')]
        return self.random.choice(names)

    def refused(self, m):
        def heard(answers, untagged):
            """APPENDUID or COPYUID says that it is done."""
            done = re.search(rb'\[(?:APPENDUID (\d+)|COPYUID (\d+) \d+) (\d+)\]', answers[-1])
            if answers[-1].startswith(b'OK') and done:
                self.model.add_done(m, int(done[1] or done[2]), int(done[3]))
            else:
                self.crowd.counts['no'] += answers[-1].startswith(b'NO')
                self.model.add_refused(m)
        return heard

    def append(self):
        name = '%s-%s-%d' % (self.crowd.name, self.who, self.serial)
        self.serial += 1
        flags = self.random.sample(FLAGS, self.random.randint(0, 2))
        folder = self.some_folder()
        m = self.model.add_asked(name, self.who, flags, folder)
        octets = account.text(name, self.random.choice([50, 3000, 20000]))
        self.ask(self.refused(m), b'APPEND %s (%s) {%d+}\r\n%s' % (
            account.quoted(folder), ' '.join(flags).encode(), len(octets), octets))

    def one_of_mine(self):
        mine = self.model.mine(self.who, self.folder)
        return self.random.choice(mine) if mine else None

    def copy(self):
        m = self.one_of_mine()
        if m is None or m.current is None:
            return self.append()
        folder = self.some_folder()
        copied = self.model.add_asked(m.name, self.who, m.current, folder)
        self.ask(self.refused(copied), b'UID COPY %d %s' % (m.uid, account.quoted(folder)))

    def store(self):
        m = self.one_of_mine()
        if m is None:
            return self.append()
        flags = frozenset(self.random.sample(FLAGS, self.random.randint(0, 3)))
        self.model.flags_asked(m, flags)

        def heard(answers, untagged):
            if any(b'UID %d' % m.uid in u for u in untagged) and answers[0].startswith(b'OK'):
                self.model.flags_done(m, flags)
        self.ask(heard, b'UID STORE %d FLAGS (%s)' % (m.uid, ' '.join(flags).encode()))

    def expunge(self):
        m = self.one_of_mine()
        if m is None or len(self.model.known) < 8:
            return self.append()
        m.leaving = True
        for flags in list(m.flags):
            self.model.flags_asked(m, flags | {'\\Deleted'})

        def heard(answers, untagged):
            seen = any(b'UID %d' % m.uid in u for u in untagged)  # else it was not shown to us yet
            if seen and all(a.startswith(b'OK') for a in answers):
                self.model.remove_done(m)
        self.ask(heard, b'UID STORE %d +FLAGS (\\Deleted)' % m.uid, b'UID EXPUNGE %d' % m.uid)

    def fetch(self):
        self.ask(None, b'NOOP', b'UID FETCH 1:* BODY.PEEK[HEADER.FIELDS (X-NAME)]')

    def check(self):
        folder = self.folder

        def heard(answers, untagged):
            if answers[0].startswith(b'OK'):
                self.model.checked(self.who, folder)
        self.ask(heard, b'CHECK')

    def rename(self):
        """Of the folder that wanders."""
        here = [n for n in self.model.names if n.startswith('wander')]
        if not here or self.model.renaming:
            return self.fetch()
        pair = here[0], 'wander%d' % self.random.randint(0, 99)
        if pair[0] == pair[1]:
            return self.fetch()
        self.model.renaming.append(pair)

        def heard(answers, untagged):
            if answers[0].startswith(b'OK'):
                self.model.rename_done(pair)
            else:
                raise AssertionError('RENAME: %r' % answers)
        self.ask(heard, b'RENAME %s %s' % tuple(map(account.quoted, pair)))

    def folders(self):
        """Makes a folder, or deletes the one that it has made."""
        name = 'passing/%s' % self.who
        made = name in self.model.names
        if 'passing' not in self.model.names or name in self.model.doubtful:
            return self.fetch()
        self.model.doubtful[name] = 'deleted' if made else 'made'

        def heard(answers, untagged):
            if not answers[0].startswith(b'OK'):
                raise AssertionError('%s: made: %s: %r' % (name, made, answers))
            self.model.doubtful.pop(name)
            if made:
                self.model.delete_done(name)
            else:
                self.model.names[name] = None
        self.ask(heard, (b'DELETE ' if made else b'CREATE ') + account.quoted(name))

    def stop(self):
        """SIGSTOP at a moment at which it holds no lock file. One that does delays others until
        its lock is stale, which takes longer than a test may (doc/store.md)."""
        process = self.c.c.process
        for _ in range(1000):
            process.send_signal(signal.SIGSTOP)
            while state(process.pid) not in 'TZ':
                time.sleep(0.0001)
            if not holds_lock_file(self.crowd.account.box.root, process.pid):
                self.stopped = True
                return True
            process.send_signal(signal.SIGCONT)
            time.sleep(self.random.random() * 0.0005)
        return False

    def go_on(self):
        self.stopped = False
        self.asked = time.monotonic()
        self.c.c.process.send_signal(signal.SIGCONT)

    def kill(self):
        """SIGKILL; what was asked for stays in doubt, but for what we have heard already."""
        self.c.c.process.kill()
        self.c.c.process.wait()
        try:
            self.hear()
        except AssertionError:
            pass
        self.c.c.kill()


def state(pid):
    with open('/proc/%d/stat' % pid) as f:
        return f.read().rpartition(')')[2].split()[0]


def holds_lock_file(root, pid):
    """Or may do so: a lock that has no content yet is anybody's."""
    for top, directories, files in os.walk(root):
        directories[:] = [d for d in directories if d not in ('cur', 'new', index.NAME)]
        for name in files:
            if not name.endswith('.lock'):
                continue
            try:
                with open(os.path.join(top, name), 'rb') as f:
                    said = f.read()
            except FileNotFoundError:
                continue
            if not said or said.startswith(b'%d:' % pid):
                return True
    return False


def sync(path):
    fd = os.open(path, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)


HOMES = ['INBOX', 'INBOX', 'work', 'INBOX']


class Crowd:
    """The sessions of one account, and a delivery agent."""

    def __init__(self, acct, model, rng, name='m', root=None):
        self.account, self.model, self.random, self.name = acct, model, rng, name
        self.root, self.delivered = root, 0
        self.counts = {'no': 0, 'kills': 0, 'stops': 0, 'damaged': 0, 'ended': 0}
        c = acct.client(root)
        for folder in (b'work', b'wander0', b'passing'):
            c.run(b'CREATE ' + folder)
        for folder in ('INBOX', 'work', 'wander0', 'passing'):
            model.names[folder] = None
        model.verify(account.look(c)[0])
        c.logout()
        self.slots = [Slot(self, who, home) for who, home in enumerate(HOMES)]

    def deliver(self):
        """As a delivery agent does: tmp/, fsync, rename into new/, fsync of new/."""
        name = '%s-mda-%d' % (self.name, self.delivered)
        self.delivered += 1
        m = self.model.add_asked(name, 'mda', (), 'INBOX')
        new = self.account.box.inside('new')
        file = '%d.M%dP%d.mda' % (time.time(), self.delivered, os.getpid())
        octets = account.text(name, 500).replace(b'\r\n', b'\n')
        tmp = self.account.box._write('INBOX', octets, None)
        sync(tmp)
        os.rename(tmp, os.path.join(new, file))
        sync(new)
        m.must = True

    def run(self, seconds, chance_of_kill=0.0):
        """All work for so long; now and then one is killed at a moment of its command."""
        end = time.monotonic() + seconds
        kill_at, victim = None, None
        while (now := time.monotonic()) < end:
            for slot in self.working():
                slot.hear()
                if not slot.waiting:
                    slot.act()
                    if victim is None and self.random.random() < chance_of_kill:
                        victim, kill_at = slot, now + self.random.random() * 0.003
            if self.random.random() < 0.1:
                self.deliver()
            if victim is not None and time.monotonic() >= kill_at:
                self.counts['kills'] += 1
                victim.kill()
                victim.open()
                victim = None
            wait = 0.02 if victim is None else max(0.0, kill_at - time.monotonic())
            select.select([s.c.c.inp for s in self.working()], [], [], min(wait, 0.02))

    def working(self):
        return [s for s in self.slots if not s.stopped]

    def damage(self):
        """The index is damaged under everybody's hands. A session that has the damaged file mapped
        may end at that; only the next must find all that was acknowledged."""
        self.counts['damaged'] += 1
        if index.damage(self.account, self.random, self.root) in ('truncate', 'overwrite'):
            for slot in self.slots:
                slot.exposed = True

    def settle(self):
        """Every command is answered."""
        while any(s.waiting for s in self.working()):
            for s in self.working():
                s.hear()
            select.select([s.c.c.inp for s in self.working() if s.waiting], [], [], 0.02)

    def kill_all(self):
        for s in self.slots:
            s.kill()

    def verify(self):
        began = time.monotonic()
        c = self.account.client(self.root)
        try:
            self.model.verify(account.look(c)[0])
            for name in ('INBOX', 'work'):
                m = self.model.add_asked('probe', 'probe', (), name)
                _, tagged = c.run(b'APPEND %s {%d+}\r\n%s' % (
                    name.encode(), len(account.text('probe')), account.text('probe')))
                done = re.search(rb'APPENDUID (\d+) (\d+)', tagged)
                self.model.add_done(m, int(done[1]), int(done[2]))
            c.logout()
        finally:
            c.c.kill()
        return time.monotonic() - began

