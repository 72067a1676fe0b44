"""The two servers: imapd as $IMAPD, and Debian's Dovecot where it is installed. Each is run as the
mail's user: alone for a client (PREAUTH over a socketpair), or behind a loopback port with its
login roles. Nothing of the system's own configuration is read, and what is started here is ended
here, by pid."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time

from client import over_loopback, over_socketpair

ROOT = os.getuid() == 0
USER = pwd.getpwnam('nobody') if ROOT else pwd.getpwuid(os.getuid())
OWNER = (USER.pw_uid, USER.pw_gid) if ROOT else None
LOGIN_USER = 'daemon'  # of imapd's gate here: any but the mail's user
PASSWORD = 'bench'


class Unavailable(Exception):
    """A server that is not installed, or not for whom we are."""


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def as_user():
    return {'user': OWNER[0], 'group': OWNER[1], 'extra_groups': []} if ROOT else {}


def write(path, text, mode=0o644):
    with open(path, 'w', encoding='ascii') as f:
        f.write(text)
    os.chmod(path, mode)
    return path


def end(pid):
    """SIGTERM to one process of ours, and SIGKILL if it takes too long."""
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 10
    while os.waitpid(pid, os.WNOHANG)[0] == 0:
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)


class Server:
    """scratch: a directory of its own with a short path (sockets) that the user may enter."""

    def __init__(self, scratch):
        self.scratch = scratch
        self.log_path = os.path.join(scratch, self.name + '.log')
        write(self.log_path, '', 0o666)
        self.log = open(self.log_path, 'ab', buffering=0)
        self.listener = None    # the pid of what holds the port
        self.port = None
        self.tls = False
        self.served = None      # what is behind the port: a Maildir, and whether through TLS
        # Who may log in: a name, uid and gid; in the Maildir's path %u stands for the name.
        self.users = [(USER.pw_name, USER.pw_uid, USER.pw_gid)]

    def client(self, root):
        """Of the Maildir root, logged in."""
        return over_socketpair(self.alone(root), stderr=self.log, cwd='/', **as_user(),
                               env={'USER': USER.pw_name, 'HOME': root, 'PATH': os.environ['PATH']})

    def serve(self, root, tls=False):
        """Sees to it that the port is there, for this Maildir and with or without TLS."""
        if self.served != (root, tls):
            self.stop()
            self.tls = tls
            self.listen(root)
            self.served = (root, tls)

    def connect(self):
        return over_loopback(self.port, self.tls)

    def certificate(self):
        """One for both: P-256, as Let's Encrypt gives. Its paths."""
        paths = [os.path.join(self.scratch, name) for name in ('cert.pem', 'cert.key')]
        if not os.path.exists(paths[0]):
            if shutil.which('openssl') is None:
                raise Unavailable('no openssl to make a certificate (make deps-bench)')
            subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
                            'ec_paramgen_curve:P-256', '-nodes', '-out', paths[0], '-keyout',
                            paths[1], '-days', '30', '-subj', '/CN=bench'], check=True,
                           stderr=subprocess.DEVNULL)
        return paths

    def stop(self):
        self.served = None
        if self.listener is not None:
            end(self.listener)
            self.listener = None


class Imapd(Server):
    name = 'imapd'

    def __init__(self, scratch):
        super().__init__(scratch)
        program = os.path.abspath(os.environ.get('IMAPD', './imapd'))
        if not os.access(program, os.X_OK):
            raise Unavailable('no imapd at %s ($IMAPD)' % program)
        with open(program, 'rb') as f:
            if b'libasan' in f.read():
                raise Unavailable('%s is built with a sanitizer: its figures say nothing' % program)
        self.program = shutil.copy(program, os.path.join(scratch, 'imapd'))
        os.chmod(self.program, 0o755)
        shutil.copy(os.path.join(os.path.dirname(program), 'imapd-tls.so'), scratch)
        self.configuration = write(os.path.join(scratch, 'imapd.conf'), '')

    def version(self):
        said = subprocess.run([self.program, '-V'], capture_output=True, text=True, check=True)
        return said.stdout.strip()

    def alone(self, root):
        return [self.program, '-P', '-f', self.configuration, '-o', 'mail_root=' + root]

    def listen(self, root):
        """A super-server as small as can be: the roles alone are to count."""
        passwd = write(os.path.join(self.scratch, 'passwd'), ''.join(
            '%s:{PLAIN}%s:%d:%d::%s::\n' % (name, PASSWORD, uid, gid, root.replace('%u', name))
            for name, uid, gid in self.users), 0o600)
        conf = write(os.path.join(self.scratch, 'listen.conf'),
                     'auth = passwd-file\npasswd_file = %s\npasswd_file_plain = yes\n'
                     'first_valid_uid = 1\nlogin_user = %s\nmail_root = %s\n'
                     'max_user_connections = 0\n'
                     % (passwd, LOGIN_USER, root) +
                     ('tls_cert = %s\ntls_key = %s\n' % tuple(self.certificate())
                      if self.tls else ''))
        listener = socket.create_server(('127.0.0.1', 0), backlog=1024)
        self.port = listener.getsockname()[1]
        self.listener = os.fork()
        if self.listener == 0:
            try:
                serve(listener, [self.program, *(['-t'] if self.tls else []), '-f', conf])
            finally:
                os._exit(1)
        listener.close()


def serve(listener, command):
    """Starts the command for each connection, until we are ended."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        connection = listener.accept()[0]
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        fd = connection.fileno()
        os.posix_spawn(command[0], command, {'PATH': '/usr/bin:/bin'},
                       file_actions=[(os.POSIX_SPAWN_DUP2, fd, 0), (os.POSIX_SPAWN_DUP2, fd, 1)],
                       setsigdef=[signal.SIGCHLD, signal.SIGPIPE])
        connection.close()


DOVECOT = """
base_dir = {scratch}/run
state_dir = {scratch}/state
log_path = {scratch}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = {ssl}
{files}
disable_plaintext_auth = no
first_valid_uid = 1
default_process_limit = 4000
default_client_limit = 8000
mail_max_userip_connections = 100
mail_location = maildir:{root}
namespace inbox {{
  inbox = yes
  separator = /
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {scratch}/dovecot.passwd
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {scratch}/dovecot.passwd
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
  }}
}}
"""


class Dovecot(Server):
    name = 'dovecot'
    imap = '/usr/lib/dovecot/imap'

    def __init__(self, scratch):
        super().__init__(scratch)
        if not os.access(self.imap, os.X_OK):
            raise Unavailable('dovecot-imapd is not installed (make deps-bench)')
        for sub in ('run', 'state'):
            os.mkdir(os.path.join(scratch, sub), 0o755)
        self.configure('%h', 0)

    def configure(self, root, port):
        files = 'ssl_cert = <%s\nssl_key = <%s' % tuple(self.certificate()) if self.tls else ''
        self.configuration = write(
            os.path.join(self.scratch, 'dovecot.conf'),
            DOVECOT.format(scratch=self.scratch, root=root,
                           imap=0 if self.tls else port, imaps=port if self.tls else 0,
                           ssl='yes' if self.tls else 'no', files=files))

    def version(self):
        said = subprocess.run([shutil.which('dovecot', path='/usr/sbin:/usr/bin'), '--version'],
                              capture_output=True, text=True, check=True)
        return said.stdout.split()[0]

    def alone(self, root):
        return [self.imap, '-c', self.configuration, '-o', 'mail_location=maildir:' + root]

    def listen(self, root):
        if not ROOT:
            raise Unavailable('Dovecot behind a port needs root')
        self.port = free_port()
        write(os.path.join(self.scratch, 'dovecot.passwd'),
              ''.join('%s:%s:%d:%d::%s::\n' % (name, PASSWORD, uid, gid, root.replace('%u', name))
                      for name, uid, gid in self.users))
        self.configure(root, self.port)
        master = subprocess.Popen([shutil.which('dovecot', path='/usr/sbin:/usr/bin'), '-F', '-c',
                                   self.configuration], stdin=subprocess.DEVNULL,
                                  stdout=self.log, stderr=self.log)
        self.listener = master.pid
        deadline = time.monotonic() + 10
        while True:
            try:
                self.connect().close()
                return
            except OSError as error:
                if master.poll() is not None:
                    self.listener = None
                if time.monotonic() > deadline or self.listener is None:
                    raise Unavailable('Dovecot does not listen: %s' % error) from error
                time.sleep(0.05)


def available(scratch):
    """Those that can be measured, and why the others can't. imapd must be."""
    found, missing = [Imapd(scratch)], []
    try:
        found.append(Dovecot(scratch))
    except Unavailable as why:
        missing.append(str(why))
    return found, missing
