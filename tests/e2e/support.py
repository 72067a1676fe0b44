"""What the end-to-end tests share: a server under a real super-server, a client, the log, a test
user, and looking at processes. Whatever a test starts or makes it ends and removes by its own
name or pid, whatever happens."""

import atexit
import base64
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

IMAPD = os.path.abspath(os.environ.get("IMAPD", "./imapd"))
ROOT = os.getuid() == 0
SOURCES = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
os.environ["PATH"] += ":/usr/sbin:/sbin"
# A build for sanitizers has none.
SANDBOX = "without" not in subprocess.run([IMAPD, "-V"], capture_output=True, text=True,
                                          check=True).stdout

checks = 0
failures = 0


def skip(why):
    print("skip:", why)
    sys.exit(77)


def need(*programs):
    for program in programs:
        if shutil.which(program) is None:
            skip("no " + program)


def check(what, good, detail=""):
    global checks, failures
    checks += 1
    if good:
        print("ok  ", what)
    else:
        failures += 1
        print("FAIL", what, detail)


def result():
    print(f"{checks - failures} passed, {failures} failed")
    sys.exit(1 if failures else 0)


def wait_for(condition, seconds=10):
    """Whether the condition came true in that time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def work_dir():
    """A directory that others may enter (the server's users), which goes at the end."""
    path = tempfile.mkdtemp(prefix="imapd-e2e.")
    os.chmod(path, 0o755)
    atexit.register(shutil.rmtree, path, True)
    return path


def install(directory):
    """A copy of the program that every user can reach, under a path that only we use; with what
    belongs beside it."""
    path = os.path.join(directory, "imapd")
    shutil.copy(IMAPD, path)
    os.chmod(path, 0o755)
    module = os.path.join(os.path.dirname(IMAPD), "imapd-tls.so")
    if os.path.exists(module):
        shutil.copy(module, directory)
    return path


def sanitized(program):
    """Whether it was built with a sanitizer, which takes memory of its own."""
    with open(program, "rb") as f:
        return b"__asan_init" in f.read()


def write(path, text, mode=0o600):
    with open(path, "w", encoding="ascii") as f:
        f.write(text)
    os.chmod(path, mode)
    return path


def end(process):
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def listening(port):
    """By looking, not by connecting: that would start a server."""
    want = f"{port:04X}"
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(table, encoding="ascii") as f:
            for line in f.readlines()[1:]:
                fields = line.split()
                if fields[1].endswith(":" + want) and fields[3] == "0A":
                    return True
    return False


def start(command, port, **more):
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, **more)
    atexit.register(end, process)
    if not wait_for(lambda: listening(port) or process.poll() is not None):
        raise SystemExit(f"{command[0]} does not listen")
    if process.poll() is not None:
        raise SystemExit(f"{command[0]} ended with {process.returncode}")
    return process


def socket_activate(addresses, command, log):
    """systemd-socket-activate, one process a connection; the server's errors go to `log`."""
    listen = [word for a in addresses for word in ("-l", a)]
    port = int(addresses[0].rsplit(":", 1)[1])
    with open(log, "ab") as f:
        return start(["systemd-socket-activate", "--inetd", "-a", *listen, *command], port,
                     stdout=subprocess.DEVNULL, stderr=f)


class Log:
    """The file that a server with log = stderr writes to."""

    def __init__(self, path):
        self.path = path

    def lines(self):
        with open(self.path, encoding="ascii", errors="replace") as f:
            return [line.rstrip("\n") for line in f]

    def has(self, *words):
        return wait_for(lambda: any(all(w in line for w in words) for line in self.lines()), 5)


class DevLog(Log):
    """/dev/log, where there is none: what syslog(3) sends ends up in lines()."""

    def __init__(self):
        super().__init__(None)
        self.received = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("/dev/log")
        os.chmod("/dev/log", 0o666)
        atexit.register(os.unlink, "/dev/log")
        threading.Thread(target=self.receive, daemon=True).start()

    def receive(self):
        while True:
            text = self.socket.recv(65536).decode("ascii", "replace").rstrip("\n\0")
            self.received.append(text[text.find(">") + 1:])

    def lines(self):
        return list(self.received)


def dev_log():
    """None where the system has a log already, or we may not make one."""
    if not ROOT:
        return None
    if os.path.exists("/dev/log"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            try:
                s.connect("/dev/log")
                return None
            except ConnectionRefusedError:
                os.unlink("/dev/log")  # left over from somebody who was killed
            except OSError:
                return None
    return DevLog()


class Imap:
    """A client that says a line and hears the answer."""

    def __init__(self, port, host="127.0.0.1", source="", first=b""):
        """`source`: the address to come from; `first`: octets to send before the greeting."""
        self.socket = socket.create_connection((host, port), 20, (source, 0) if source else None)
        self.socket.sendall(first)
        self.file = self.socket.makefile("rb")
        self.tag = 0
        self.greeting = self.line()

    def line(self):
        try:
            return self.file.readline().decode("latin-1")
        except ConnectionResetError:
            return ""

    def send(self, text):
        self.socket.sendall(text.encode("latin-1"))

    def command(self, text):
        """The untagged lines in one string, then the tagged one; the latter "" at the end."""
        self.tag += 1
        tag = f"a{self.tag}"
        self.send(f"{tag} {text}\r\n")
        untagged = ""
        while True:
            line = self.line()
            if line == "" or line.startswith(tag + " "):
                return untagged, line[len(tag) + 1:]
            untagged += line

    def plain(self, user, password):
        token = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        return self.command(f"AUTHENTICATE PLAIN {token}")[1]

    def at_end(self):
        return self.line() == ""

    def close(self):
        self.file.close()
        self.socket.close()


def forget_slots(*names):
    """At the end, what root keeps of these users' connections."""
    for name in names:
        atexit.register(shutil.rmtree, "/run/imapd-users/" + name, True)


class User:
    """A user of the system with a password, a group of its own and one more."""

    def __init__(self, directory):
        need("useradd", "userdel", "chpasswd", "groupadd", "groupdel")
        self.name = f"imapt{os.getpid()}"
        self.extra = self.name + "x"
        self.password = base64.b64encode(os.urandom(12)).decode()
        self.home = os.path.join(directory, "home")
        run("groupadd", self.extra)
        atexit.register(subprocess.call, ["groupdel", self.extra])
        run("useradd", "--create-home", "--home-dir", self.home, "--user-group", "--groups",
            self.extra, "--shell", "/bin/sh", self.name)
        atexit.register(subprocess.call, ["userdel", "-f", self.name], stderr=subprocess.DEVNULL)
        forget_slots(self.name)
        run("chpasswd", input=f"{self.name}:{self.password}\n")
        entry = pwd.getpwnam(self.name)
        self.uid, self.gid = entry.pw_uid, entry.pw_gid
        self.groups = sorted(os.getgrouplist(self.name, self.gid))


def run(*command, **more):
    return subprocess.run(command, check=True, text=True, **more)


def processes(program):
    """The pids that run this very file."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/exe") == program:
                with open(f"/proc/{pid}/stat", encoding="ascii") as f:
                    if f.read().rsplit(")", 1)[1].split()[0] != "Z":
                        found.append(int(pid))
        except OSError:
            pass
    return sorted(found)


def status(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return {k: v.split() for k, v in (line.rstrip("\n").split(":", 1) for line in f)}


def descriptors(pid):
    found = {}
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            found[int(fd)] = os.readlink(f"/proc/{pid}/fd/{fd}")
        except OSError:
            pass
    return found


def kill(pid, number=signal.SIGKILL):
    os.kill(pid, number)
