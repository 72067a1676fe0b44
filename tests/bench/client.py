"""A client that costs next to nothing: it sends, and looks at the end of what comes for the tagged
line. What comes before it is counted, not parsed; the last part is kept."""

import socket
import ssl
import subprocess
import time

BUFFER = 1 << 20
TAIL = 16384           # octets of an answer that are kept
SECONDS = 300          # how long an answer may take


class Refused(Exception):
    """NO, BAD, or an end of the connection where OK was wanted."""


def now():
    return time.perf_counter() * 1000


class Client:
    """process: its server's, to be waited for at the end; None: a listener's."""

    def __init__(self, sock, process=None):
        sock.settimeout(SECONDS)
        self.sock, self.process = sock, process
        self.buffer = bytearray(BUFFER)
        self.view = memoryview(self.buffer)
        self.count = 0
        self.greeting = self.until(lambda tail: tail.endswith(b'\r\n'))

    def until(self, found):
        """Reads until found(the last octets); returns them."""
        tail = b''
        while not found(tail):
            n = self.sock.recv_into(self.buffer)
            if n == 0:
                raise Refused('connection closed after %r' % tail[-200:])
            tail = bytes(self.view[n - TAIL:n]) if n >= TAIL else (tail + self.view[:n])[-TAIL:]
        return tail

    def answer(self, tag):
        def found(tail):
            return tail.endswith(b'\r\n') and \
                tail[tail.rfind(b'\n', 0, len(tail) - 2) + 1:].startswith(tag)
        tail = self.until(found)
        line = tail[tail.rfind(b'\n', 0, len(tail) - 2) + 1:]
        if not line.startswith(tag + b'OK'):
            raise Refused(line.decode(errors='replace').strip())
        return tail

    def send(self, command):
        self.count += 1
        tag = b'zz%06d ' % self.count
        self.sock.sendall(tag + command + b'\r\n')
        return tag

    def run(self, command):
        """The last octets of the answer."""
        return self.answer(self.send(command))

    def timed(self, command):
        """From the command's first octet to the tagged line's last, ms."""
        start = now()
        self.run(command)
        return now() - start

    def wait_for(self, what):
        return self.until(lambda tail: what in tail)

    def capabilities(self):
        answer = self.run(b'CAPABILITY')
        line = [x for x in answer.split(b'\r\n') if x.startswith(b'* CAPABILITY ')][0]
        return {word.decode().upper() for word in line.split()[2:]}

    def close(self):
        """Orderly, so that the server has written what it keeps."""
        try:
            self.run(b'LOGOUT')
        except (OSError, Refused):
            pass
        self.sock.close()
        if self.process is not None:
            try:
                self.process.wait(20)
            finally:
                self.process.kill()
                self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def over_socketpair(command, **more):
    """A server on one end of a socketpair, as both its standard input and output."""
    ours, its = socket.socketpair()
    for sock in (ours, its):
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            sock.setsockopt(socket.SOL_SOCKET, option, BUFFER)
    process = subprocess.Popen(command, stdin=its, stdout=its, **more)
    its.close()
    try:
        return Client(ours, process)
    except Exception:
        process.kill()
        process.wait()
        raise


def over_loopback(port, tls=False):
    sock = socket.create_connection(('127.0.0.1', port), 10)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Client(trusting().wrap_socket(sock) if tls else sock)


def trusting():
    """A client's TLS that asks for no certificate in particular."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
