"""What the tests know of the index (mailstore/index.h): where it is, how to damage it, and the
program's own comparison of it with the Maildir."""

import os
import shutil
import subprocess
import time

from harness import tracer
from lib import server

NAME = 'imapd-index'

# So that no test passes by not finding what it is about: the program has an index; it has --check.
INDEX_IS_MANDATORY, CHECK_IS_MANDATORY = True, True


class Difference(Exception):
    """Index, uidlist and Maildir do not say the same."""


def argv(account, *options, root=None):
    return [account.imapd, *options, '-o', 'log=stderr', '-o', 'layout=' + account.layout, '-o',
            'mail_root=' + (root or account.box.root)]


def run(account, *options, root=None):
    """(exit status, what it printed)"""
    identity = {} if account.uid is None else {
        'user': account.uid, 'group': account.uid, 'extra_groups': []}
    done = subprocess.run(argv(account, *options, root=root), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd='/',
                          timeout=60, **identity)
    return done.returncode, done.stdout + done.stderr


def can_check(account):
    """Whether the program has --check. It may be asked of an account as good as new."""
    status, said = run(account, '--check')
    there = 'no such option' not in said
    assert there or not CHECK_IS_MANDATORY, '--check: exit %d: %s' % (status, said)
    return there


def check(account, root=None):
    """Difference: with the lines that tell of it."""
    status, said = run(account, '--check', root=root)
    if status != 0:
        raise Difference('--check: exit %d: %s' % (status, said))


def has_index(account):
    """Whether a session of this account has made one."""
    there = os.path.isdir(path(account))
    assert there or not INDEX_IS_MANDATORY, 'there is no %s' % NAME
    return there


def reads_directories(account, command):
    """How many directories a new session reads for this command, after one that has looked, when
    all has been at rest for a while: with an index none of messages. The process is watched with
    ptrace(2); fds of directories are told apart by their names."""
    c = account.client()
    try:
        pid = c.c.process.pid
        watch = tracer.Tracer(pid)
        tag = c.start(command)
        read = set()
        for _ in tracer.patience(30):
            call = watch.next_entry()
            if call.name == 'getdents64':
                read.add(os.path.basename(os.readlink('/proc/%d/fd/%d' % (pid, call.args[0]))))
            if tracer.is_client_wait(call) and answered(c, tag):
                break
        watch.detach()
        c.logout()
        return read & {'cur', 'new'}
    finally:
        c.c.kill()


def answered(c, tag):
    try:
        while not (got := c.note(c.c.response(0))).startswith(tag + b' '):
            pass
        assert got.startswith(tag + b' OK'), got
        return True
    except server.Timeout:
        return False


def is_used(account, command=b'EXAMINE INBOX'):
    """Whether a session, within some seconds, knows from the index what is in the folder."""
    for _ in range(12):
        if not reads_directories(account, command):
            return True
        time.sleep(0.25)
    return False


def path(account, root=None):
    return os.path.join(root or account.box.root, NAME)


def files(directory):
    return sorted(os.path.join(top, f) for top, _, fs in os.walk(directory) for f in fs)


def own(account, target):
    if account.uid is not None:
        os.chown(target, account.uid, account.uid, follow_symlinks=False)


# --- Damage -------------------------------------------------------------------------------------


def remove(directory, rng):
    shutil.rmtree(directory, ignore_errors=True)


def truncate(directory, rng):
    for f in files(directory):
        if rng.random() < 0.7:
            size = os.path.getsize(f)
            os.truncate(f, rng.choice([0, 1, 100, 4096, 8192, rng.randint(0, size)]))


def overwrite(directory, rng):
    """Random octets in place of the data: of all of it, for LMDB has no checksums; a wrong octet
    in the midst of a value can't be told from a right one."""
    for f in files(directory):
        if os.path.basename(f) == 'data.mdb':
            with open(f, 'r+b') as out:
                out.write(rng.randbytes(os.path.getsize(f)))


def unlink_some(directory, rng):
    for f in files(directory):
        if rng.random() < 0.5:
            os.unlink(f)


DAMAGE = [remove, truncate, overwrite, unlink_some]


def damage(account, rng, root=None):
    """One kind of damage; its name."""
    how = rng.choice(DAMAGE)
    try:
        how(path(account, root), rng)
    except FileNotFoundError:
        pass  # the session that uses it has put another in its place
    return how.__name__
