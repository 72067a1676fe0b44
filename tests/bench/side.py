"""One server with its own Maildirs, and what happens to them from outside: deliveries, changes of
flags by other programs."""

import os
import shutil
import time

USUAL = 100_000        # messages, which the rows' counts are for
FOLDERS = 200          # of the Maildir with many
IN_EACH = 10           # messages in each of them

MESSAGE = (b'From: Ann <ann@example.com>\nTo: Me <me@example.org>\nSubject: Just delivered\n'
           b'Date: Thu, 01 Jan 2026 00:00:00 +0000\nMessage-ID: <delivered.%d@example.org>\n\n'
           + b'Nothing to say, but at some length.\n' * 100)


class Side:
    """corpus: where the messages are from. path: a directory for the Maildirs. at: the part of the
    folder (0 to 1) from where on untouched() takes messages."""

    def __init__(self, server, corpus, path, at):
        self.server, self.corpus, self.path = server, corpus, path
        self.name, self.n = server.name, corpus.n
        self.delivered = 0
        self.next = int(self.n * at)
        self.main = corpus.maildir(os.path.join(path, 'main'), self.n)
        self.bare = corpus.maildir(os.path.join(path, 'bare'), self.n, sizes=False)
        self.many = corpus.maildir(os.path.join(path, 'many'), IN_EACH)
        for i in range(FOLDERS):
            corpus.maildir(os.path.join(self.many, '.Folder%d' % i), IN_EACH)
        self.made = time.time()
        self.used = False
        with self.client(self.main) as client:
            self.capabilities = client.capabilities()

    def count(self, wanted):
        """How many messages a command on `wanted` of 100,000 is for here."""
        return min(wanted, max(10, wanted * self.n // USUAL))

    def untouched(self, wanted):
        """A set of messages that neither server has changed within a minute: what is newer may
        have to be synced, and links changed by the one would make it new for the other."""
        time.sleep(max(0, self.made + 61 - time.time()))
        n = self.count(wanted)
        if self.next + n > self.n:
            self.next = 0
        first = self.next + 1
        self.next += n
        return b'%d:%d' % (first, self.next)

    def client(self, root=None):
        return self.server.client(root or self.main)

    def selected(self, root=None, folder=b'INBOX'):
        client = self.client(root)
        client.run(b'SELECT ' + folder)
        return client

    def close(self):
        self.server.stop()

    def be_used(self):
        """As a folder is that is in use: mail came, and was seen. From then on Dovecot has an
        index file; before, each session makes it up from its log (0.3 against 2.7 ms)."""
        if not self.used:
            self.deliver()
            with self.selected():
                pass
            self.settle()
        self.used = True

    # --- From outside ------------------------------------------------------------------------

    def prepare_delivery(self, root=None):
        """A message in tmp/; what is returned delivers it."""
        root = root or self.main
        self.delivered += 1
        octets = MESSAGE % self.delivered
        name = '%d.M%dP%d.outside,S=%d,W=%d' % (time.time(), self.delivered, os.getpid(),
                                                len(octets), len(octets) + octets.count(b'\n'))
        path = os.path.join(root, 'tmp', name)
        with open(path, 'wb') as f:
            f.write(octets)
        os.chmod(path, 0o600)
        if self.corpus.owner is not None:
            os.chown(path, *self.corpus.owner)
        return lambda: os.rename(path, os.path.join(root, 'new', name))

    def deliver(self, root=None):
        self.prepare_delivery(root)()

    def change_a_flag(self):
        """\\Flagged of some message, as another program would: by rename."""
        cur = os.path.join(self.main, 'cur')
        with os.scandir(cur) as entries:
            old = next(e.name for e in entries if ':2,' in e.name)
        base, flags = old.split(':2,')
        flags = flags.replace('F', '') if 'F' in flags else ''.join(sorted(flags + 'F'))
        os.rename(os.path.join(cur, old), os.path.join(cur, base + ':2,' + flags))

    def forget(self, root):
        """Removes what a server has learnt of the Maildir root; the messages stay."""
        for name in os.listdir(root):
            path = os.path.join(root, name)
            if name == 'imapd-index':
                shutil.rmtree(path)
            elif name.startswith('dovecot') and os.path.isfile(path):
                os.unlink(path)

    @staticmethod
    def settle():
        """Until a change is older than any grain that a server takes a timestamp to have."""
        time.sleep(1.2)


def pss(pid):
    """The proportional set size of a process, KiB."""
    with open('/proc/%d/smaps_rollup' % pid, encoding='ascii') as f:
        return next(int(line.split()[1]) for line in f if line.startswith('Pss:'))
