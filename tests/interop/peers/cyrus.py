"""A Cyrus IMAP server of our own: Debian's packages, unpacked below build/, with its own
configuration, spool and port of the loopback. Nothing is installed; what is started ends by pid."""

import glob
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

PACKAGES = ['cyrus-imapd', 'cyrus-common', 'libxapian30', 'libical3']
PROGRAM = 'usr/lib/cyrus/bin/imapd'
DIRECTORIES = ['conf/' + d for d in ('db', 'proc', 'socket', 'log', 'msg', 'lock', 'sieve')] + \
    ['spool', 'run']

IMAPD_CONF = """
configdirectory: {top}/conf
defaultpartition: default
partition-default: {top}/spool
sievedir: {top}/conf/sieve
mboxname_lockpath: {top}/conf/lock
proc_path: {top}/conf/proc
idlesocket: {top}/run/idle
lmtpsocket: {top}/run/lmtp
cyrus_user: {user}
admins: cyrus
allowplaintext: yes
sasl_mech_list: PLAIN
unixhierarchysep: yes
virtdomains: off
reject8bit: no
munge8bit: no
search_skipdiacrit: no
search_whitespace: keep
"""
# -N: any password will do. A session is one process, and one is enough.
CYRUS_CONF = """
START {{
}}
SERVICES {{
  imap cmd="{program} -C {top}/imapd.conf -N" listen="127.0.0.1:{port}" prefork=0 maxchild=4
}}
EVENTS {{
}}
"""


def unpacked(cache):
    """Where the packages are unpacked, or None with the reason printed."""
    root = os.path.join(cache, 'root')
    if os.path.exists(os.path.join(root, PROGRAM)):
        return root
    if shutil.which('apt-get') is None or shutil.which('dpkg') is None:
        return None
    os.makedirs(cache, exist_ok=True)
    with tempfile.TemporaryDirectory() as top:
        done = subprocess.run(['apt-get', '-qq', 'download'] + PACKAGES, cwd=top,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        packages = glob.glob(os.path.join(top, '*.deb'))
        if done.returncode != 0 or len(packages) != len(PACKAGES):
            print(done.stdout.strip())
            return None
        for package in packages:
            subprocess.run(['dpkg', '-x', package, root + '.new'], check=True)
    os.rename(root + '.new', root)
    return root


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Cyrus:
    """Runs as `user`, a name; from root becomes that user."""

    def __init__(self, root, user):
        # Cyrus writes a file at each command.
        memory = '/dev/shm' if os.access('/dev/shm', os.W_OK) else None
        self.top = tempfile.mkdtemp(prefix='imapd-cyrus.', dir=memory)
        os.chmod(self.top, 0o755)
        self.port = free_port()
        shutil.copytree(root, os.path.join(self.top, 'root'), symlinks=True)
        for d in DIRECTORIES:
            os.makedirs(os.path.join(self.top, d), 0o755)
        for name, text in (('imapd.conf', IMAPD_CONF), ('cyrus.conf', CYRUS_CONF)):
            with open(os.path.join(self.top, name), 'w') as f:
                f.write(text.format(top=self.top, user=user, port=self.port,
                                    program=os.path.join(self.top, 'root', PROGRAM)))
        if os.getuid() == 0:
            for path in [self.top] + [os.path.join(d, n) for d, names, _ in os.walk(self.top)
                                      for n in names if '/root/' not in d + '/']:
                shutil.chown(path, user, -1)
        with open(os.path.join(self.top, 'log'), 'ab') as log:
            self.process = subprocess.Popen(
                [os.path.join(self.top, 'root/usr/lib/cyrus/bin/master'), '-D',
                 '-C', os.path.join(self.top, 'imapd.conf'),
                 '-M', os.path.join(self.top, 'cyrus.conf'),
                 '-p', os.path.join(self.top, 'run/master.pid')],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.top,
                env={'PATH': '/usr/bin:/bin', 'CYRUS_USER': user, 'TZ': 'UTC',
                     'LD_LIBRARY_PATH': os.path.join(self.top, 'root/usr/lib/x86_64-linux-gnu')},
                **({'user': user, 'group': 'nogroup', 'extra_groups': []}
                   if os.getuid() == 0 else {}))

    def connect(self, seconds=10):
        """A socket, once the master listens and a session answers; None when it does not."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                s = socket.create_connection(('127.0.0.1', self.port), 1)
                s.settimeout(None)
                return s
            except OSError:
                time.sleep(0.05)
        return None

    def stop(self, keep=False):
        """The master ends its sessions itself."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if not keep:
            shutil.rmtree(self.top, ignore_errors=True)
