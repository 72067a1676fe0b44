"""What the tests of TLS share: certificates, a server with them, and a client whose octets can be
held back, broken off or ended on either level."""

import os
import socket
import ssl
import struct
import subprocess

from support import Log, ROOT, free_port, install, socket_activate, work_dir, write


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Authority:
    """A certificate authority of a test's own."""

    def __init__(self, directory, name="Test CA"):
        self.directory = directory
        self.base = os.path.join(directory, name.replace(" ", "-"))
        self.cert, self.key = self.base + ".pem", self.base + ".key"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", self.key, "-out", self.cert, "-days", "30", "-subj", "/CN=" + name,
                "-addext", "keyUsage=critical,keyCertSign,cRLSign,digitalSignature")

    def issue(self, name, file, subject=None, newkey=("ec", "-pkeyopt",
                                                       "ec_paramgen_curve:P-256"), also=()):
        """A certificate and its key for a host (or a client), as two files."""
        cert, key = (os.path.join(self.directory, file + suffix) for suffix in (".pem", ".key"))
        request = os.path.join(self.directory, file + ".csr")
        openssl("req", "-new", "-newkey", *newkey, "-nodes", "-keyout", key, "-out", request,
                "-subj", subject or "/CN=" + name, "-utf8")
        extensions = write(os.path.join(self.directory, file + ".ext"),
                           "subjectAltName = " + ", ".join(f"DNS:{n}" for n in (name, *also)) + "\n"
                           if subject is None else
                           "extendedKeyUsage = clientAuth\n")
        openssl("x509", "-req", "-in", request, "-CA", self.cert, "-CAkey", self.key,
                "-CAcreateserial", "-days", "30", "-extfile", extensions, "-out", cert)
        os.chmod(key, 0o600)
        return cert, key


class Server:
    """imapd on two ports, STARTTLS and -t, with a user demo whose password is secret."""

    def __init__(self, directory=None, **settings):
        self.work = directory or work_dir()
        self.program = os.path.join(self.work, "imapd")
        if not os.path.exists(self.program):
            install(self.work)
        self.uid = 54321 if ROOT else os.getuid()
        self.gid = 54321 if ROOT else os.getgid()
        home = os.path.join(self.work, "home")
        if not os.path.exists(home):
            os.mkdir(home)
            os.chown(home, self.uid, self.gid)
        passwd = write(self.work + "/passwd",
                       f"demo:{{PLAIN}}secret:{self.uid}:{self.gid}::{home}::\n")
        self.log = Log(self.work + "/log")
        self.settings = {"auth": "passwd-file", "passwd_file": passwd, "passwd_file_plain": "yes",
                         "login_user": "nobody", "auth_fail_delay": "0", "log": "stderr",
                         "first_valid_uid": "1" if not ROOT else "1000"}
        self.configure(**settings)
        self.port, self.tls_port = free_port(), free_port()
        socket_activate([f"127.0.0.1:{self.port}"], [self.program, "-f", self.conf],
                        self.log.path)
        socket_activate([f"127.0.0.1:{self.tls_port}"], [self.program, "-t", "-f", self.conf],
                        self.log.path)

    def configure(self, **settings):
        self.settings.update(settings)
        self.conf = write(self.work + "/imapd.conf",
                          "".join(f"{k} = {v}\n" for k, v in self.settings.items()), 0o644)


def context(authority, certificate=None, alpn=None, newest=None, oldest=None, ciphers=None):
    """A client's."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.load_verify_locations(authority.cert)
    if certificate:
        made.load_cert_chain(*certificate)
    if alpn:
        made.set_alpn_protocols(alpn)
    if ciphers:
        made.set_ciphers(ciphers)
    if oldest:
        made.minimum_version = oldest
    if newest:
        made.maximum_version = newest
    return made


class Client:
    """Says lines and hears answers, in the clear at first or through TLS."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 20)
        self.tls = None
        self.buffer = b""
        self.tag = 0

    # --- TLS over memory, so that the test decides what reaches the socket, and when.
    def begin(self, with_context, name="imap.example.org"):
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = with_context.wrap_bio(self.incoming, self.outgoing, server_hostname=name)
        self.turn(tls.do_handshake)
        self.tls = tls
        return self

    def turn(self, step):
        """Runs step until it wants nothing more; what it gives out is sent."""
        while True:
            try:
                value = step()
                self.push()
                return value
            except ssl.SSLWantReadError:
                self.push()
                got = self.socket.recv(65536)
                if got:
                    self.incoming.write(got)
                else:
                    self.incoming.write_eof()

    def push(self):
        waiting = self.outgoing.read()
        if waiting:
            self.socket.sendall(waiting)

    def starttls(self, with_context, name="imap.example.org"):
        """After the greeting."""
        self.line()
        answer = self.command("STARTTLS")[1]
        if not answer.startswith("OK"):
            raise AssertionError(answer)
        return self.begin(with_context, name)

    # --- IMAP.
    def send(self, text):
        octets = text if isinstance(text, bytes) else text.encode("latin-1")
        if self.tls is None:
            self.socket.sendall(octets)
        else:
            self.tls.write(octets)
            self.push()

    def more(self):
        """At least one octet more; b"": the server's end."""
        try:
            if self.tls is None:
                return self.socket.recv(65536)
            return self.turn(lambda: self.tls.read(65536))
        except ssl.SSLZeroReturnError:
            return b""

    def line(self):
        while b"\n" not in self.buffer:
            got = self.more()
            if not got:
                return ""
            self.buffer += got
        line, self.buffer = self.buffer.split(b"\n", 1)
        return (line + b"\n").decode("latin-1")

    def octets(self, n):
        while len(self.buffer) < n:
            got = self.more()
            if not got:
                break
            self.buffer += got
        taken, self.buffer = self.buffer[:n], self.buffer[n:]
        return taken

    def until(self, tag):
        untagged = ""
        while True:
            line = self.line()
            if line == "" or line.startswith(tag + " "):
                return untagged, line[len(tag) + 1:]
            untagged += line

    def command(self, text):
        self.tag += 1
        self.send(f"a{self.tag} {text}\r\n")
        return self.until(f"a{self.tag}")

    def login(self):
        return self.command("LOGIN demo secret")[1]

    def ended(self):
        """Whether the connection ends without a further octet."""
        try:
            return self.buffer == b"" and self.more() == b""
        except (ssl.SSLError, ConnectionResetError):
            return True

    # --- Ends.
    def notify(self):
        """close_notify: this client says no more, but listens."""
        try:
            self.tls.unwrap()
        except ssl.SSLWantReadError:
            pass
        self.push()

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self):
        self.socket.close()


def secure(server, authority, **how):
    """A client on the TLS port, its greeting heard."""
    name = how.pop("name", "imap.example.org")
    client = Client(server.tls_port).begin(context(authority, **how), name)
    client.greeting = client.line()
    return client
