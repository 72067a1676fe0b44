"""A clean Debian of its own, made by debootstrap from the mirror that this machine's apt uses, and booted
by systemd-nspawn: its own processes, loopback and systemd. All of it is below one directory, which goes at
the end, as does every process in it. It has no way out to the network but for commands that are run with
this machine's, which is how packages are installed in it."""

import atexit
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SOURCES = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
RELEASE = 'bookworm'
HOST = 'imap'
NAME = HOST + '.example.org'
# What is started so does not outlive us, whatever happens, with all its processes and mounts.
WITH_US = ['setpriv', '--pdeathsig', 'KILL', 'unshare', '-mp', '--fork', '--kill-child', '--mount-proc']
LANDLOCK = 'landlock_create_ruleset landlock_add_rule landlock_restrict_self'
os.environ['PATH'] += ':/usr/sbin:/sbin'


def skip(why):
    print('skip: ' + why)
    sys.exit(77)


def mirror():
    """Where this machine's apt gets the release from."""
    targets = subprocess.run(['apt-get', 'indextargets', '--format', '$(CODENAME) $(COMPONENT) $(REPO_URI)',
                              'Created-By: Packages'], capture_output=True, text=True, check=False).stdout
    for line in targets.splitlines():
        codename, component, uri = line.split(' ', 2)
        if (codename, component) == (RELEASE, 'main'):
            return uri
    return skip('apt has no list of a mirror of ' + RELEASE)


def wait_for(condition, seconds):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def copy_sources(to):
    """What git knows of, as it is now; in a directory without git, all but what was built."""
    known = subprocess.run(['git', '-c', 'safe.directory=*', '-C', SOURCES, 'ls-files', '-z'],
                           capture_output=True, check=False)
    if known.returncode != 0:
        shutil.copytree(SOURCES, to, symlinks=True,
                        ignore=shutil.ignore_patterns('build', 'imapd', 'imapd-tls.so'))
        return
    for name in filter(None, known.stdout.decode().split('\0')):
        if os.path.lexists(os.path.join(SOURCES, name)):
            os.makedirs(os.path.dirname(os.path.join(to, name)), exist_ok=True)
            shutil.copy2(os.path.join(SOURCES, name), os.path.join(to, name), follow_symlinks=False)


class Debian:
    def __init__(self, packages):
        if os.getuid() != 0:
            skip('only root can make and boot a Debian')
        for program in ('debootstrap', 'systemd-nspawn', 'nsenter', 'unshare', 'ip', 'curl'):
            if shutil.which(program) is None:
                skip('no ' + program)
        if subprocess.run(['unshare', '-muinp', '--fork', 'true'], check=False,
                          stderr=subprocess.DEVNULL).returncode != 0:
            skip('no namespaces of our own')
        self.top = tempfile.mkdtemp(prefix='imapd-debian.')
        self.root = os.path.join(self.top, 'root')
        self.nspawn = self.leader = self.bootstrap = None
        atexit.register(self.end)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda n, _: sys.exit(128 + n))
        self.make(packages)

    def make(self, packages):
        site = mirror()
        with open(os.path.join(self.top, 'debootstrap.log'), 'wb+') as log:
            self.bootstrap = subprocess.Popen(
                [*WITH_US, 'debootstrap', '--variant=minbase', '--include=' + ','.join(packages), RELEASE,
                 self.root, site],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            status = self.bootstrap.wait()
            log.seek(0)
            said = log.read().decode(errors='replace')
        if status != 0 and 'Failed getting release' in said:
            skip('the mirror does not answer: ' + site)
        if status != 0:
            raise SystemExit('debootstrap: %s' % said[-2000:])
        shutil.copy('/etc/resolv.conf', self.path('etc/resolv.conf'))
        self.write('etc/hostname', HOST + '\n')
        self.write('etc/hosts', '127.0.0.1 localhost\n127.0.1.1 %s %s\n::1 localhost\n' % (NAME, HOST))

    def path(self, name):
        return os.path.join(self.root, name)

    def write(self, name, text, mode=0o644):
        with open(self.path(name), 'w', encoding='ascii') as f:
            f.write(text)
        os.chmod(self.path(name), mode)

    def append(self, name, text):
        with open(self.path(name), 'a', encoding='ascii') as f:
            f.write(text)

    def read(self, name):
        with open(self.path(name), encoding='utf-8', errors='replace') as f:
            return f.read()

    def boot(self):
        """Landlock's calls are not among those that nspawn allows by itself. 192.0.2.1 is its own address
        that is not on the loopback: whoever speaks with it is another machine's client to a server."""
        with open(os.path.join(self.top, 'console'), 'wb') as console:
            self.nspawn = subprocess.Popen(
                [*WITH_US, 'systemd-nspawn', '--register=no', '--keep-unit', '--boot', '-D', self.root,
                 '--hostname=' + HOST, '--console=pipe', '--private-network', '--resolv-conf=off',
                 '--system-call-filter=' + LANDLOCK],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console)

        def running():
            if self.nspawn.poll() is not None:
                return True
            pids = [pid for child in children(self.nspawn.pid) for pid in children(child)]
            if len(pids) != 1 or not self.is_init(pids[0]):
                return False
            self.leader = pids[0]
            return self.run(['systemctl', 'is-system-running']).stdout.strip() in ('running', 'degraded')
        if not wait_for(running, 120) or self.nspawn.poll() is not None:
            with open(os.path.join(self.top, 'console'), encoding='utf-8', errors='replace') as f:
                said = f.read()[-2000:]
            if self.nspawn.poll() is not None and self.leader is None:
                skip('systemd-nspawn does not work here: ' + ' '.join(said.split())[-200:])
            raise SystemExit('Debian does not boot: ' + said)
        self.near(['ip', 'address', 'add', '192.0.2.1/32', 'dev', 'lo'])

    def halt(self, seconds=60):
        """Asks its init; whatever is still there then goes with its init."""
        stop(self.nspawn, self.leader or self.nspawn.pid, signal.SIGRTMIN + 4, seconds)
        stop(self.nspawn, self.leader or self.nspawn.pid, signal.SIGKILL, 3)
        stop(self.nspawn, self.nspawn.pid, signal.SIGKILL, 3)
        self.leader = None

    @staticmethod
    def is_init(pid):
        try:
            with open('/proc/%d/status' % pid, encoding='ascii') as f:
                return any(line.split()[-1] == '1' for line in f if line.startswith('NSpid:'))
        except OSError:
            return False

    def run(self, command, stdin='', network=False, seconds=300):
        """In it; with this machine's network or its own. Outputs are one text, as on a terminal."""
        spaces = ['-m', '-u', '-i', '-p', '-r', '-w'] + ([] if network else ['-n'])
        return subprocess.run(['nsenter', '-t', str(self.leader), *spaces, 'env', '-i', 'LANG=C.UTF-8',
                               'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
                               'DEBIAN_FRONTEND=noninteractive', *command],
                              input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors='replace', start_new_session=True, check=False, timeout=seconds)

    def near(self, command, seconds=60):
        """A program of this machine in the other's network: a client that the other need not have."""
        return subprocess.run(['nsenter', '-t', str(self.leader), '-n', *command], capture_output=True,
                              text=True, check=False, timeout=seconds, stdin=subprocess.DEVNULL)

    def start_near(self, command):
        return subprocess.Popen(['nsenter', '-t', str(self.leader), '-n', *command], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def processes(self, name):
        """How many there run that program."""
        count = 0
        ours = os.stat('/proc/%d/ns/pid' % self.leader).st_ino
        for pid in filter(str.isdigit, os.listdir('/proc')):
            try:
                with open('/proc/%s/comm' % pid, encoding='utf-8') as f:
                    count += f.read() == name + '\n' and os.stat('/proc/%s/ns/pid' % pid).st_ino == ours
            except OSError:
                pass
        return count

    def end(self):
        if self.bootstrap is not None:
            stop(self.bootstrap, self.bootstrap.pid, signal.SIGKILL, 3)
        if self.nspawn is not None:
            self.halt(4)
        subprocess.run(['rm', '-rf', '--one-file-system', self.top], check=False)


def children(pid):
    try:
        with open('/proc/%d/task/%d/children' % (pid, pid), encoding='ascii') as f:
            return [int(child) for child in f.read().split()]
    except OSError:
        return []


def stop(process, pid, number, seconds):
    """Waits for the one after a signal to the other."""
    if process.poll() is None:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass
        wait_for(lambda: process.poll() is not None, seconds)
