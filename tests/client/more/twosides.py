"""Two Maildirs that a synchronizer keeps alike, and what happens to them meanwhile: for the tests of
mbsync, offlineimap and interimap.

A message is told from others by its text, which is its own. What is compared is, a folder, which
messages there are and with which flags. The random changes of one round never touch a message on
both sides, since who wins then is the synchronizer's affair."""

import collections
import hashlib
import os
import pwd
import random
import shutil
import signal
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
IMAPD = os.path.abspath(os.environ.get('IMAPD', './imapd'))
NOBODY = pwd.getpwnam('nobody')
FLAGS = 'FRS'
DOVECOT = '/usr/lib/dovecot/imap'


class Failed(Exception):
    """A check that did not hold."""


def need(*programs):
    for program in programs:
        if shutil.which(program, path=os.environ['PATH'] + ':/usr/sbin:/sbin') is None:
            print('skip: no ' + program)
            sys.exit(77)


def identity():
    if os.getuid() != 0:
        return {}
    return {'user': NOBODY.pw_uid, 'group': NOBODY.pw_gid, 'extra_groups': []}


class Side:
    """A Maildir (Maildir++, or `plain`: a Maildir a folder, below one another, as synchronizers keep
    it) and its changes from outside, as other mail programs do them."""

    def __init__(self, root, plain=False):
        self.root, self.plain = root, plain
        self.serial = 0
        self.make('INBOX')

    def path(self, folder):
        if self.plain:
            return os.path.join(self.root, folder)
        return self.root if folder == 'INBOX' else os.path.join(
            self.root, '.' + folder.replace('/', '.'))

    def make(self, folder):
        for d in ('cur', 'new', 'tmp'):
            os.makedirs(os.path.join(self.path(folder), d), exist_ok=True)

    def folders(self):
        found = []
        for top, dirs, _ in os.walk(self.root):
            if 'cur' in dirs and 'new' in dirs:
                name = os.path.relpath(top, self.root)
                if self.plain:
                    found.append(name)
                else:
                    found.append('INBOX' if name == '.' else name[1:].replace('.', '/'))
        return sorted(found)

    def files(self, folder):
        for d in ('cur', 'new'):
            directory = os.path.join(self.path(folder), d)
            for name in os.listdir(directory):
                if name[0] != '.':
                    yield d, name

    def content(self):
        """{folder: sorted [(digest of the text, flags)]}"""
        out = {}
        for folder in self.folders():
            out[folder] = sorted(self.message(folder, d, name) for d, name in self.files(folder))
        return out

    def message(self, folder, d, name):
        with open(os.path.join(self.path(folder), d, name), 'rb') as f:
            octets = f.read().replace(b'\r\n', b'\n')
        lines = [line for line in octets.split(b'\n') if not line.startswith(b'X-TUID: ')]
        flags = name.rpartition(':2,')[2] if ':2,' in name else ''
        return (hashlib.md5(b'\n'.join(lines)).hexdigest(),
                ''.join(c for c in flags if c in FLAGS + 'DPT'))

    def deliver(self, folder, text, flags=None):
        self.serial += 1
        name = '%d.M%dP%d.outside' % (1600000000 + self.serial, self.serial, os.getpid())
        base = self.path(folder)
        octets = ('From: a@example.org\nTo: b@example.org\nSubject: %s\nMessage-ID: <%s@test>\n'
                  'Date: Thu, 01 Jan 2026 00:00:00 +0000\n\n%s\n' % (text, text, text * 20)).encode()
        with open(os.path.join(base, 'tmp', name), 'wb') as f:
            f.write(octets)
        target = ('new', name) if flags is None else ('cur', name + ':2,' + flags)
        os.rename(os.path.join(base, 'tmp', name), os.path.join(base, *target))

    def flag(self, folder, d, name, rng):
        base, flags = name.split(':2,') if ':2,' in name else (name, '')
        letters = set(flags) ^ {rng.choice(FLAGS)}
        os.rename(os.path.join(self.path(folder), d, name),
                  os.path.join(self.path(folder), 'cur', base + ':2,' + ''.join(sorted(letters))))

    def remove(self, folder, d, name):
        os.unlink(os.path.join(self.path(folder), d, name))


class Pair:
    """Both sides, and one temporary directory for all."""

    def __init__(self, name, seed, near_plain):
        self.seed = seed
        self.rng = random.Random(seed)
        self.top = tempfile.mkdtemp(prefix='imapd-%s.' % name)
        self.near = Side(os.path.join(self.top, 'near'), near_plain)
        self.far = Side(os.path.join(self.top, 'far'))
        self.texts = 0
        self.program = shutil.copy(IMAPD, os.path.join(self.top, 'imapd'))
        os.chmod(self.program, 0o755)

    def imapd(self):
        """A tunnel's command."""
        return '%s -P -f /dev/null -o log=stderr -o mail_root=%s' % (self.program, self.far.root)

    def write(self, name, text):
        path = os.path.join(self.top, name)
        with open(path, 'w', encoding='ascii') as f:
            f.write(text)
        os.chmod(path, 0o700)
        return path

    def own(self):
        if os.getuid() == 0:
            subprocess.run(['chown', '-R', '%d:%d' % (NOBODY.pw_uid, NOBODY.pw_gid), self.top],
                           check=True)

    def text(self):
        self.texts += 1
        return 'message-%s-%d' % (self.seed, self.texts)

    def fill(self, side, folders, messages):
        for folder in folders:
            side.make(folder)
        for _ in range(messages):
            side.deliver(self.rng.choice(folders), self.text(),
                         self.rng.choice([None, '', 'S', 'FS', 'RS']))

    def disturb(self, changes):
        """Random changes on both sides; each message is touched on one of them."""
        touched = collections.defaultdict(set)
        for _ in range(changes):
            side = self.rng.choice([self.near, self.far])
            other = self.far if side is self.near else self.near
            folder = self.rng.choice(side.folders())
            files = list(side.files(folder))
            if self.rng.random() < 0.4 or not files:
                side.deliver(folder, self.text())
                continue
            d, name = self.rng.choice(files)
            who = (folder, side.message(folder, d, name)[0])
            if who in touched[other]:
                continue
            touched[side].add(who)
            if self.rng.random() < 0.6:
                side.flag(folder, d, name, self.rng)
            else:
                side.remove(folder, d, name)
        self.own()

    def run(self, command, seconds=300, may_fail=False, kill_after=None):
        """What it said. kill_after: seconds until SIGKILL goes to it and all that it started."""
        self.own()
        p = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, cwd=self.top, start_new_session=True,
                             env={'PATH': '/usr/bin:/bin:/usr/sbin:/sbin', 'HOME': self.top,
                                  'USER': 'nobody', 'LANG': 'C.UTF-8'}, **identity())
        try:
            said = p.communicate(timeout=kill_after or seconds)[0].decode(errors='replace')
        except subprocess.TimeoutExpired as error:
            os.killpg(p.pid, signal.SIGKILL)
            said = p.communicate()[0].decode(errors='replace')
            if kill_after is None:
                raise Failed('%s: still running after %d s\n%s' % (
                    command[0], seconds, said[-3000:])) from error
            return said
        if p.returncode != 0 and not may_fail:
            raise Failed('%s: exit %d\n%s' % (command[0], p.returncode, said[-3000:]))
        return said

    def compare(self, when, without=()):
        """Fails where the sides differ. without: folders that only one may have."""
        near, far = self.near.content(), self.far.content()
        for folder in sorted((near.keys() | far.keys()) - set(without)):
            mine, theirs = near.get(folder), far.get(folder)
            if mine != theirs:
                raise Failed('%s, SEED=%s: %s differs: %s near, %s far; only near %s, only far %s' % (
                    when, self.seed, folder, mine and len(mine), theirs and len(theirs),
                    sorted(set(mine or ()) - set(theirs or ()))[:5],
                    sorted(set(theirs or ()) - set(mine or ()))[:5]))
            texts = [digest for digest, _ in mine]
            if len(texts) != len(set(texts)):
                raise Failed('%s, SEED=%s: %s has messages twice' % (when, self.seed, folder))
        return sum(map(len, far.values()))

    def close(self):
        shutil.rmtree(self.top, ignore_errors=True)


def main(name, near_plain, test):
    """test(pair) raises Failed, or returns a line for the end."""
    import time
    pair = Pair(name, os.environ.get('SEED') or '%d' % time.time(), near_plain)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        print(test(pair))
        print('1 passed, 0 failed')
        return 0
    except Failed as why:
        print('FAIL %s' % why)
        print('0 passed, 1 failed')
        return 1
    finally:
        pair.close()
