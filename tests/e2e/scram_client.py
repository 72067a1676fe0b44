"""RFC 5802's client, of Python's own primitives."""

import base64
import hashlib
import hmac
import os


def b64(octets):
    return base64.b64encode(octets).decode()


class Scram:
    """One exchange. binding: the name of a channel binding and its data (RFC 5929), or None;
    could_bind: one that could have, but was not offered to."""

    def __init__(self, user, password, binding=None, could_bind=False):
        self.password = password.encode()
        self.bare = f"n={user},r={b64(os.urandom(9))}"
        self.header = f"p={binding[0]},," if binding else "y,," if could_bind else "n,,"
        self.data = binding[1] if binding else b""

    def first(self):
        return b64((self.header + self.bare).encode())

    def final(self, challenge):
        server_first = base64.b64decode(challenge).decode()
        given = dict(part.split("=", 1) for part in server_first.split(","))
        self.iterations, self.salt = int(given["i"]), base64.b64decode(given["s"])
        without_proof = "c=" + b64(self.header.encode() + self.data) + ",r=" + given["r"]
        message = f"{self.bare},{server_first},{without_proof}".encode()
        salted = hashlib.pbkdf2_hmac("sha256", self.password, self.salt, self.iterations)
        client_key = hmac.digest(salted, b"Client Key", "sha256")
        signature = hmac.digest(hashlib.sha256(client_key).digest(), message, "sha256")
        server_key = hmac.digest(salted, b"Server Key", "sha256")
        self.signature = hmac.digest(server_key, message, "sha256")
        proof = bytes(a ^ b for a, b in zip(client_key, signature))
        return b64(f"{without_proof},p={b64(proof)}".encode())
