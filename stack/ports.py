"""Ports: free, or taken by whom."""

import errno
import socket
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

LISTEN = "0A"  # the state in /proc/net/tcp


@dataclass(frozen=True)
class Port:
    """A port that a part will listen on, and the variable that moves it."""

    number: int
    part: str
    variable: str | None = None
    address: str = "127.0.0.1"


def complaints(ports: Sequence[Port]) -> list[str]:
    """Return one line for each port that cannot be used: who has it, and what to do."""
    return [complaint for port in ports if (complaint := _complaint(port)) is not None]


def _complaint(port: Port) -> str | None:
    try:
        _try(port)
    except OSError as error:
        advice = f"set {port.variable} in .env to another port" if port.variable else "stop that program"
        if error.errno == errno.EADDRINUSE:
            return f"port {port.number} ({port.part}) is taken by {owner(port.number)}: stop it, or {advice}"
        place = f"port {port.number} ({port.part}) on {port.address}"
        return f"{place}: {error.strerror}; {advice}, or correct BIND_ADDRESS"
    return None


def _try(port: Port) -> None:
    family = socket.AF_INET6 if ":" in port.address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        attempt.bind((port.address, port.number))
        attempt.listen(1)


def owner(port: int) -> str:
    """Return the process that listens on a port: its id and command, as far as this user may see them."""
    inodes = set(_listening_inodes(port))
    for process in Path("/proc").glob("[0-9]*"):
        if inodes & set(_socket_inodes(process)):
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            return f"process {process.name} ({command[:80]})"
    return "another user's process"


def _listening_inodes(port: int) -> Iterator[str]:
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        for line in table.read_text().splitlines()[1:] if table.exists() else []:
            fields = line.split()
            if fields[3] == LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                yield fields[9]


def _socket_inodes(process: Path) -> Iterator[str]:
    with suppress(OSError):  # ended meanwhile, or another user's
        for descriptor in (process / "fd").iterdir():
            yield from _socket_inode(descriptor)


def _socket_inode(descriptor: Path) -> Iterator[str]:
    with suppress(OSError):  # closed meanwhile
        link = str(descriptor.readlink())
        if link.startswith("socket:["):
            yield link[8:-1]
