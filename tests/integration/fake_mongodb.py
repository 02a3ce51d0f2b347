"""A MongoDB server with one user: it checks passwords (SCRAM-SHA-256, RFC 7677) and knows no data."""

import base64
import hashlib
import hmac
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import bson
from pymongo.saslprep import saslprep

OP_REPLY, OP_QUERY, OP_MSG = 1, 2004, 2013
SALT, ROUNDS = b"sixteen bytes...", 4096
HELLO = {"ok": 1, "helloOk": True, "isWritablePrimary": True, "minWireVersion": 0, "maxWireVersion": 21}
DENIED = {"ok": 0, "code": 18, "codeName": "AuthenticationFailed", "errmsg": "Authentication failed."}


class Server(socketserver.ThreadingTCPServer):
    """The server with its user."""

    daemon_threads = True

    def __init__(self, user: str, password: str) -> None:
        super().__init__(("127.0.0.1", 0), Connection)
        self.user = user
        prepared = str(saslprep(password)).encode()
        self.salted = hashlib.pbkdf2_hmac("sha256", prepared, SALT, ROUNDS)

    @property
    def host(self) -> str:
        """Return where it listens, as in 127.0.0.1:27017."""
        return f"127.0.0.1:{self.server_address[1]}"


class Connection(socketserver.StreamRequestHandler):
    """One client: it says who it is, proves it, and then everything it asks is well."""

    def setup(self) -> None:
        super().setup()
        self.of = cast("Server", self.server)
        self.proven = False
        self.first: tuple[str, str] = ("", "")

    def handle(self) -> None:
        while len(head := self.rfile.read(16)) == 16:
            length, number, _, code = struct.unpack("<iiii", head)
            body = self.rfile.read(length - 16)
            if code == OP_QUERY:  # the first question, before the client knows what is spoken
                document = bson.decode(body[body.index(b"\0", 4) + 9 :])
                self.reply(number, OP_REPLY, struct.pack("<iqii", 8, 0, 0, 1), self.answer(document))
            else:
                self.reply(number, OP_MSG, struct.pack("<iB", 0, 0), self.answer(bson.decode(body[5:])))

    def reply(self, to: int, code: int, head: bytes, document: dict[str, Any]) -> None:
        body = head + bson.encode(document)
        self.wfile.write(struct.pack("<iiii", 16 + len(body), 0, to, code) + body)

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        match next(iter(asked)):
            case "hello" | "ismaster" | "isMaster":
                return {**HELLO, "saslSupportedMechs": ["SCRAM-SHA-256"]}
            case "saslStart":
                return self.challenge(asked["payload"].decode())
            case "saslContinue":
                return self.judge(asked["payload"].decode())
            case "endSessions":
                return {"ok": 1}
        nothing = {"id": 0, "ns": "drift_detection.samples", "firstBatch": []}
        return (
            {"ok": 1, "cursor": nothing}
            if self.proven
            else {**DENIED, "code": 13, "codeName": "Unauthorized"}
        )

    def challenge(self, message: str) -> dict[str, Any]:
        bare = message.removeprefix("n,,")
        user, nonce = (part.partition("=")[2] for part in bare.split(","))
        if user.replace("=2C", ",").replace("=3D", "=") != self.of.user:
            return DENIED
        ours = f"r={nonce}server,s={base64.b64encode(SALT).decode()},i={ROUNDS}"
        self.first = (bare, ours)
        return {"ok": 1, "conversationId": 1, "done": False, "payload": ours.encode()}

    def judge(self, message: str) -> dict[str, Any]:
        rest, _, proof = message.rpartition(",p=")
        signed = ",".join([*self.first, rest]).encode()
        stored = hashlib.sha256(self.sign(self.of.salted, b"Client Key")).digest()
        mask = self.sign(stored, signed)
        key = bytes(one ^ other for one, other in zip(base64.b64decode(proof), mask, strict=True))
        if hashlib.sha256(key).digest() != stored:
            return DENIED
        self.proven = True
        signature = self.sign(self.sign(self.of.salted, b"Server Key"), signed)
        return {
            "ok": 1,
            "conversationId": 1,
            "done": True,
            "payload": b"v=" + base64.b64encode(signature),
        }

    @staticmethod
    def sign(key: bytes, text: bytes) -> bytes:
        return hmac.digest(key, text, "sha256")


@contextmanager
def mongodb_with_user(user: str, password: str) -> Iterator[Server]:
    """Run a server that knows one user."""
    with Server(user, password) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
