"""What stands between programs and a database, and tells which commands they send."""

import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, cast

import bson

from tests.integration.fake_mongodb import OP_MSG

Note = Callable[[str, dict[str, Any]], None]


class Relay(socketserver.ThreadingTCPServer):
    """Passes on what comes; `note` is given the database and the command of each message."""

    daemon_threads = True

    def __init__(self, port: int, note: Note) -> None:
        super().__init__(("127.0.0.1", 0), Connection)
        self.database = ("127.0.0.1", port)
        self.note = note

    def uri(self, database: str) -> str:
        """Return the address of a database behind it."""
        return f"mongodb://127.0.0.1:{self.server_address[1]}/{database}"


class Connection(socketserver.StreamRequestHandler):
    """One connection of a program's, which may be killed."""

    def handle(self) -> None:
        relay = cast("Relay", self.server)
        with suppress(ConnectionError), socket.create_connection(relay.database) as database:
            threading.Thread(target=self.pass_back, args=[database], daemon=True).start()
            while len(head := self.rfile.read(16)) == 16:
                length, _, _, code = struct.unpack("<iiii", head)
                body = self.rfile.read(length - 16)
                if code == OP_MSG:  # else the first question, before the program knows what is spoken
                    command = command_of(body)
                    relay.note(command["$db"], command)
                database.sendall(head + body)

    def pass_back(self, database: socket.socket) -> None:
        with suppress(OSError):  # whoever goes first
            while part := database.recv(1 << 16):
                self.wfile.write(part)


def command_of(body: bytes) -> dict[str, Any]:
    """Return a message's command, together with the lists of documents that stand beside it."""
    command: dict[str, Any] = {}
    beside: dict[str, Any] = {}
    at = 4
    while at < len(body):
        kind, size = struct.unpack_from("<Bi", body, at)
        section = body[at + 1 : at + 1 + size]
        at += 1 + size
        if kind == 0:
            command = bson.decode(section)
        else:
            name, _, documents = section[4:].partition(b"\0")
            beside[name.decode()] = bson.decode_all(documents)
    return command | beside


@contextmanager
def relay_to(port: int, note: Note) -> Iterator[Relay]:
    """Run a relay to the database at a port."""
    with Relay(port, note) as relay:
        threading.Thread(target=relay.serve_forever, daemon=True).start()
        yield relay
        relay.shutdown()
