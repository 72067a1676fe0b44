"""Servers that hold the corpus of odd messages, each in a place of its own below a temporary
directory, and a session with each. Of Dovecot its program `imap` alone is needed (over a socketpair);
Cyrus is unpacked from Debian's packages into build/cyrus."""

import collections
import os
import pwd
import re
import shutil
import tempfile

from lib import client, maildir, server

from peers import cyrus

DOVECOT = '/usr/lib/dovecot/imap'
CACHE = os.path.abspath(os.path.join(os.path.dirname(__file__), '../../../build/cyrus'))
NOBODY = 'nobody'

DOVECOT_CONF = """
base_dir = {top}/run
mail_location = maildir:{root}
mail_plugin_dir = /usr/lib/dovecot/modules
protocols = imap
first_valid_uid = 1
namespace inbox {{
  inbox = yes
  separator = /
}}
"""


class SocketConnection(server.Connection):
    """The same over a socket that is connected already."""

    def __init__(self, s, seconds):
        self.seconds, self.buffer, self.ended, self.pipes = seconds, b'', False, False
        self.inp = os.dup(s.fileno())
        self.out = s.detach()
        os.set_blocking(self.out, False)


class Session(client.Client):
    """One session; refusals are answers."""

    def __init__(self, connection, together=False):
        """together: commands are sent together, which saves time. Dovecot answers such in an order
        of its own, searches among them."""
        self.c, self.serial, self.exists, self.together = connection, 0, 0, together
        self.trace = collections.deque(maxlen=20)
        self.read()

    def batch(self, commands):
        """[(untagged, tagged without its tag)]"""
        out = []
        for group in [commands] if self.together else [[c] for c in commands]:
            tags = [b't%d ' % (self.serial + i) for i in range(len(group))]
            self.serial += len(group)
            if not self.c.send(b''.join(t + c + b'\r\n' for t, c in zip(tags, group))):
                raise client.Refused(b'the server has gone')
            out += [self.until(t) for t in tags]
        return out

    def until(self, tag):
        untagged = []
        while not (got := self.read()).startswith(tag):
            untagged.append(got)
        return untagged, got[len(tag):]


class Place:
    """A Maildir of the corpus for one of the servers that read one."""

    def __init__(self, name, cases):
        self.name, self.connections = name, []
        self.top = tempfile.mkdtemp(prefix='imapd-mime.')
        os.chmod(self.top, 0o755)
        owner = pwd.getpwnam(NOBODY).pw_uid if os.getuid() == 0 else None
        self.uid = owner
        self.box = maildir.Maildir(os.path.join(self.top, 'Maildir'), owner=owner)
        for i, c in enumerate(cases):
            self.box.add('INBOX', c.octets, '%d.%s' % (1000000000 + i, c.name))
        os.mkdir(os.path.join(self.top, 'run'))
        self.box.own(os.path.join(self.top, 'run'))

    def session(self, argv):
        log = open(os.path.join(self.top, 'log'), 'ab')
        self.connections.append(server.Connection(argv, log, self.uid, home=self.top, seconds=20))
        log.close()
        s = Session(self.connections[-1])
        s.batch([b'SELECT INBOX', b'FETCH 1:* (UID)'])
        return s

    def uids(self):
        """{case: UID}, from the uidlist that both servers write."""
        with open(os.path.join(self.box.root, 'dovecot-uidlist'), 'rb') as f:
            lines = f.read().decode().split('\n')
        named = [(int(line.split()[0]), re.split('[:,]', line.partition(' :')[2])[0])
                 for line in lines[1:] if line]
        return {name.partition('.')[2]: uid for uid, name in named}

    def stop(self, keep):
        for connection in self.connections:
            connection.kill()
        if not keep:
            shutil.rmtree(self.top, ignore_errors=True)


def start_imapd(cases):
    place = Place('imapd', cases)
    program = os.path.join(place.top, 'imapd')
    shutil.copy(os.path.abspath(os.environ.get('IMAPD', './imapd')), program)
    os.chmod(program, 0o755)
    s = place.session([program, '-P', '-o', 'log=stderr', '-o', 'mail_root=' + place.box.root])
    return s, place.uids(), place


def start_dovecot(cases):
    if not os.access(DOVECOT, os.X_OK):
        return None
    place = Place('dovecot', cases)
    conf = os.path.join(place.top, 'dovecot.conf')
    with open(conf, 'w') as f:
        f.write(DOVECOT_CONF.format(top=place.top, root=place.box.root))
    s = place.session(['/usr/bin/env', 'USER=nobody', DOVECOT, '-c', conf])
    return s, place.uids(), place


def start_cyrus(cases):
    """Messages are appended in their CRLF form; what it refuses can't be compared."""
    root = cyrus.unpacked(CACHE)
    if root is None:
        return None
    place = cyrus.Cyrus(root, NOBODY if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name)
    connected = place.connect()
    if connected is None:
        with open(os.path.join(place.top, 'log'), errors='replace') as f:
            print('Cyrus does not start: ' + f.read()[-500:])
        place.stop()
        return None
    s = Session(SocketConnection(connected, 20), together=True)
    s.batch([b'LOGIN u x', b'CREATE INBOX'])
    uids = {}
    for group in pieces(cases, 50):
        said = s.batch([b'APPEND INBOX {%d+}\r\n%s' % (len(o), o)
                        for o in (maildir.crlf(c.octets) for c in group)])
        for c, (_, tagged) in zip(group, said):
            if m := re.search(rb'\[APPENDUID \d+ (\d+)\]', tagged):
                uids[c.name] = int(m[1])
    s.batch([b'SELECT INBOX'])
    return s, uids, place


def pieces(sequence, n):
    sequence = list(sequence)
    return [sequence[i:i + n] for i in range(0, len(sequence), n)]


START = {'imapd': start_imapd, 'dovecot': start_dovecot, 'cyrus': start_cyrus}
