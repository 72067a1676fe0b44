"""One imapd process and the connection to it."""

import fcntl
import os
import select
import signal
import socket
import struct
import subprocess
import time

SIOCOUTQ = 0x5411


class Timeout(Exception):
    pass


class Connection:
    """pipes: two pipes in place of a Unix socket."""

    def __init__(self, argv, log, user=None, pipes=False, home='/', limit=None, seconds=10):
        self.seconds, self.buffer, self.ended = seconds, b'', False
        if pipes:
            theirs_in, self.out = os.pipe()
            self.inp, theirs_out = os.pipe()
        else:
            ours, theirs = socket.socketpair()
            self.inp = os.dup(ours.fileno())
            self.out = ours.detach()
            theirs_in = theirs.detach()
            theirs_out = os.dup(theirs_in)
        self.pipes = pipes
        os.set_blocking(self.out, False)
        identity = {} if user is None else {'user': user, 'group': user, 'extra_groups': []}
        environment = {'HOME': home, 'PATH': '/usr/bin:/bin', 'TZ': 'UTC'}
        for name in ('ASAN_OPTIONS', 'UBSAN_OPTIONS', 'LSAN_OPTIONS'):
            if name in os.environ:
                environment[name] = os.environ[name]
        self.process = subprocess.Popen(argv, stdin=theirs_in, stdout=theirs_out, stderr=log,
                                        cwd='/', env=environment, preexec_fn=limit, **identity)
        os.close(theirs_in)
        os.close(theirs_out)

    def _read(self, deadline):
        """Reads something, or notes the end. Timeout when nothing comes."""
        left = max(0, deadline - time.monotonic())
        if not select.select([self.inp], [], [], left)[0]:
            raise Timeout
        try:
            data = os.read(self.inp, 1 << 16)
        except ConnectionResetError:
            data = b''
        if not data:
            self.ended = True
        self.buffer += data

    def send(self, octets, one_by_one=False):
        """False: the server has gone."""
        deadline = time.monotonic() + self.seconds
        try:
            at = 0
            while at < len(octets):
                if time.monotonic() > deadline:
                    raise Timeout
                try:
                    at += os.write(self.out, octets[at:at + 1] if one_by_one else octets[at:])
                except BlockingIOError:
                    if select.select([self.inp], [self.out], [], 0.5)[0] and not self.ended:
                        self._read(deadline)
                    continue
                if one_by_one:
                    self._await_taken()
            return True
        except (BrokenPipeError, ConnectionResetError):
            return False

    def _await_taken(self):
        """Until the server has read what was sent, but no longer than a blink: it may be busy
        with something else."""
        if self.pipes:
            return
        end = time.monotonic() + 0.005
        while time.monotonic() < end:
            if struct.unpack('i', fcntl.ioctl(self.out, SIOCOUTQ, b'\0' * 4))[0] == 0:
                return

    def response(self, seconds=None):
        """The next response: a line and its literals, without the last CR LF; None at the end
        of the connection."""
        deadline = time.monotonic() + (self.seconds if seconds is None else seconds)
        at = 0
        while True:
            end = self.buffer.find(b'\r\n', at)
            while end < 0:
                if self.ended:
                    rest, self.buffer = self.buffer, b''
                    return rest or None
                start = max(at, len(self.buffer) - 1)
                self._read(deadline)
                end = self.buffer.find(b'\r\n', start)
            line = self.buffer[at:end]
            length = None
            if line.endswith(b'}'):
                digits = line[line.rfind(b'{') + 1:-1]
                length = int(digits) if digits.isdigit() else None
            if length is None:
                out, self.buffer = self.buffer[:end], self.buffer[end + 2:]
                return out
            at = end + 2 + length
            while len(self.buffer) < at and not self.ended:
                self._read(deadline)

    def close_write(self):
        """The client goes away, still listening."""
        if self.out < 0:
            return
        if self.pipes:
            os.close(self.out)
            self.out = -1
        else:
            try:
                socket.socket(fileno=os.dup(self.out)).shutdown(socket.SHUT_WR)
            except OSError:
                pass

    def finish(self):
        """Closes, waits for the process; (its return code, what it still said)."""
        self.close_write()
        rest = []
        try:
            while (r := self.response(5)) is not None:
                rest.append(r)
        except Timeout:
            pass
        try:
            code = self.process.wait(self.seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Timeout
        finally:
            self._close()
        return code, rest

    def _close(self):
        for fd in (self.inp, self.out):
            if fd >= 0:
                try:
                    os.close(fd)
                except OSError:
                    pass
        self.inp = self.out = -1

    def kill(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        self._close()
