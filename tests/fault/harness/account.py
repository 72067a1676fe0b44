"""An account for the fault tests, and all that a fresh session can see of it."""

import collections
import contextlib
import os
import re
import shutil
import tempfile
import time

from lib import client, maildir

NOBODY = 65534

# messages: UID -> Message; modseq: HIGHESTMODSEQ, or None where the server does not tell it.
Folder = collections.namedtuple('Folder', 'uidvalidity uidnext messages modseq')
Message = collections.namedtuple('Message', 'name flags')


def text(name, size=100):
    """A message that shows when a part of it is missing."""
    head = b'Subject: fault\r\nX-Name: %s\r\nX-Size: %d\r\n\r\n' % (name.encode(), size)
    return head + (b'x' * 70 + b'\r\n') * (size // 72) + b'end of %s\r\n' % name.encode()


def fast_directory():
    """tmpfs, where there is one: the tests that end processes need no disk."""
    if common := os.environ.get('IMAPD_FAULT_DIRECTORY'):
        return common
    return '/dev/shm' if os.access('/dev/shm', os.W_OK) else None


@contextlib.contextmanager
def common_directory():
    """Where the accounts of this process and its workers are; removed when it is left, with what
    workers leave there that are ended."""
    top = tempfile.mkdtemp(prefix='imapd-fault.', dir=fast_directory())
    os.chmod(top, 0o755)
    os.environ['IMAPD_FAULT_DIRECTORY'] = top
    try:
        yield
    finally:
        del os.environ['IMAPD_FAULT_DIRECTORY']
        shutil.rmtree(top, ignore_errors=True)


class Account:
    def __init__(self, imapd, layout='maildir++', directory=None, root=None):
        self.top = tempfile.mkdtemp(prefix='imapd-fault.', dir=directory or fast_directory())
        os.chmod(self.top, 0o755)
        self.uid = NOBODY if os.getuid() == 0 else None
        self.layout = layout
        self.imapd = os.path.join(self.top, 'imapd')
        shutil.copy(imapd, self.imapd)  # nobody need not reach the build directory
        os.chmod(self.imapd, 0o755)
        self.log = os.path.join(self.top, 'log')
        self.box = maildir.Maildir(root or os.path.join(self.top, 'Maildir'), layout, self.uid)

    def argv(self, root=None):
        return [self.imapd, '-P', '-o', 'log=stderr', '-o', 'layout=' + self.layout,
                '-o', 'mail_root=' + (root or self.box.root)]

    def client(self, root=None, seconds=30):
        with open(self.log, 'ab') as log:
            return client.Client(self.argv(root), log, self.uid, self.top, seconds)

    def said(self, limit=2000):
        try:
            with open(self.log, errors='replace') as f:
                return f.read()[-limit:]
        except OSError:
            return ''

    def remove(self):
        shutil.rmtree(self.top, ignore_errors=True)


def quoted(name):
    return b'"%s"' % name.replace('\\', '\\\\').replace('"', '\\"').encode()


def names_of(untagged, kind):
    """Of LIST or LSUB, without levels that can't be selected."""
    out = []
    for u in untagged:
        if m := re.match(rb'\* ' + kind + rb' \(([^)]*)\) "/" "?([^"]*)"?$', u):
            if not re.search(rb'\\Noselect|\\NonExistent', m[1], re.I):
                out.append(m[2].decode())
    return out


def number(untagged, code):
    for u in untagged:
        if m := re.search(rb'\[' + code + rb' (\d+)\]', u):
            return int(m[1])
    return None


def whole(name, octets):
    size = int(re.search(rb'X-Size: (\d+)', octets)[1])
    return octets == text(name, size)


def messages_of(untagged):
    """UID -> Message of FETCH (UID FLAGS BODY.PEEK[]) responses. AssertionError: one that is not
    whole, or a UID twice."""
    out = {}
    for u in untagged:
        m = re.match(rb'\* \d+ FETCH \((.*)\)$', u, re.S)
        if not m:
            continue
        uid, flags = re.search(rb'UID (\d+)', m[1]), re.search(rb'FLAGS \(([^)]*)\)', m[1])
        body = re.search(rb'BODY\[\] \{(\d+)\}\r\n', m[1])
        if not uid or not flags or not body:
            continue
        octets = m[1][body.end():body.end() + int(body[1])]
        found = re.search(rb'X-Name: (\S+)', octets)
        name = found[1].decode() if found else '?'
        assert found and whole(name, octets), 'message %s is not whole: %r' % (name, octets[:200])
        assert int(uid[1]) not in out, 'UID %s twice' % uid[1]
        out[int(uid[1])] = Message(name, frozenset(flags[1].decode().split()) - {'\\Recent'})
    return out


def look_at(c, folder):
    """A change that hides behind another in one tick of the clock, by a session that was killed
    before it could prove that it was alone, is seen a second later (doc/store.md, Looking); until
    then its file may be missing. Once, not again."""
    try:
        return look_once_at(c, folder)
    except client.Refused as refused:
        if b'EXPUNGEISSUED' not in refused.args[0]:
            raise
    time.sleep(1.2)
    return look_once_at(c, folder)


def look_once_at(c, folder):
    untagged, _ = c.run(b'EXAMINE ' + quoted(folder))
    uidvalidity, uidnext = number(untagged, b'UIDVALIDITY'), number(untagged, b'UIDNEXT')
    messages = {}
    if c.exists:
        messages = messages_of(c.run(b'FETCH 1:* (UID FLAGS BODY.PEEK[])')[0])
        assert len(messages) == c.exists, '%s: %d of %d messages were fetched' % (
            folder, len(messages), c.exists)
    assert list(messages) == sorted(messages), '%s: UIDs do not ascend' % folder
    assert not messages or max(messages) < uidnext, '%s: UIDNEXT %d' % (folder, uidnext)
    return Folder(uidvalidity, uidnext, messages, number(untagged, b'HIGHESTMODSEQ'))


def look(c):
    """({folder: Folder}, subscribed names) as this session sees them."""
    folders = {f: look_at(c, f) for f in names_of(c.run(b'LIST "" "*"')[0], b'LIST')}
    c.run(b'UNSELECT' if folders else b'NOOP')
    return folders, frozenset(lsub(c))


def lsub(c):
    return [m[1].decode() for u in c.run(b'LSUB "" "*"')[0]
            if (m := re.match(rb'\* LSUB \([^)]*\) "/" "?([^"]*)"?$', u))]


def told_by(untagged):
    """UID -> name, of what FETCH (UID BODY[HEADER.FIELDS (X-NAME)]) has told."""
    out = {}
    for u in untagged:
        uid, name = re.search(rb'UID (\d+)', u), re.search(rb'X-Name: (\S+)', u)
        if b' FETCH ' in u and uid and name:
            out[int(uid[1])] = name[1].decode()
    return out
