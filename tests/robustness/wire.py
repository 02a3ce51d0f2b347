"""HTTP/1.1 from bytes: what a polite client would refuse to send has to reach the server too."""

import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from types import TracebackType
from typing import NamedTuple, Self
from urllib.parse import urlsplit

IDLE_SECONDS = 3.0  # below a model server's 5 s, after which it closes a connection that nobody uses
BOUNDARY = "----robustness"
FAILURES = (OSError, HTTPException)  # what an exchange raises in place of an answer


class Address(NamedTuple):
    """Where a server listens."""

    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> "Address":
        """Return the address of an http:// URL."""
        parts = urlsplit(url)
        return cls(parts.hostname or "127.0.0.1", parts.port or 80)


@dataclass(frozen=True)
class Answer:
    """What a server said, and after how long."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    seconds: float


class Connection:
    """One connection, kept from request to request; opened again where the server has closed it."""

    def __init__(self, address: Address, patience_seconds: float) -> None:
        self._address = address
        self._patience = patience_seconds
        self._socket: socket.socket | None = None
        self._used = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def exchange(self, request: bytes) -> Answer:
        """Send a request and return the answer, also one that comes before all has been sent.

        Raises:
            OSError, HTTPException: there was none, not in time, or it was no HTTP.
        """
        started = time.monotonic()
        if started - self._used > IDLE_SECONDS:
            self.close()
        try:
            with suppress(BrokenPipeError, ConnectionResetError):  # refused early: the answer may be there
                self.send(request)
            return self._receive(self._connected(), request, started)
        except BaseException:
            self.close()
            raise

    def send(self, data: bytes) -> None:
        """Send bytes and wait for nothing."""
        self._connected().sendall(data)

    def _connected(self) -> socket.socket:
        if self._socket is None:
            self._socket = socket.create_connection(self._address, self._patience)
        return self._socket

    def _receive(self, connected: socket.socket, request: bytes, started: float) -> Answer:
        response = HTTPResponse(connected, method=request.split(b" ", 1)[0].decode("latin-1"))
        try:
            response.begin()
            body = response.read()
        finally:
            response.close()
        if response.will_close:
            self.close()
        self._used = time.monotonic()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, headers, body, time.monotonic() - started)


def request(
    path: str,
    body: bytes = b"",
    content_type: str = "",
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """Return a whole request."""
    fields = {
        "Host": "127.0.0.1",
        **({"Content-Type": content_type} if content_type else {}),
        "Content-Length": str(len(body)),
        **(headers or {}),
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + body


def form_type(charset: str = "") -> str:
    """Return the content type of `form`, with a charset where one is given."""
    return f"multipart/form-data; boundary={BOUNDARY}" + (f"; charset={charset}" if charset else "")


def file_part(data: bytes, content_type: str = "image/jpeg", name: str = "image") -> bytes:
    """Return a part `file` of a form."""
    return part(f'form-data; name="file"; filename="{name}"'.encode(), data, content_type)


def part(disposition: bytes, data: bytes, content_type: str = "") -> bytes:
    """Return a part of a form."""
    typed = f"Content-Type: {content_type}\r\n".encode() if content_type else b""
    return b"Content-Disposition: " + disposition + b"\r\n" + typed + b"\r\n" + data + b"\r\n"


def form(parts: Sequence[bytes]) -> bytes:
    """Return a form's body."""
    mark = f"--{BOUNDARY}".encode()
    return b"".join(mark + b"\r\n" + one for one in parts) + mark + b"--\r\n"


def upload(image: bytes, content_type: str = "image/jpeg") -> bytes:
    """Return the request that a browser's form sends with one image."""
    return request("/predict", form([file_part(image, content_type)]), form_type())
