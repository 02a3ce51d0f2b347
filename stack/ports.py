"""Ports: free, or taken."""

import errno
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass


@dataclass(frozen=True)
class Port:
    """A port that a component will listen on, and the variable of .env that moves it."""

    number: int
    component: str
    variable: str | None = None
    address: str = "127.0.0.1"


def complaints(ports: Sequence[Port], owner: Callable[[int], str] = lambda _: "another program") -> list[str]:
    """Return one line for each port that cannot be used: who has it, or wants it too, and what to do."""
    found = [_shared(port, ports) or _complaint(port, owner) for port in ports]
    return [complaint for complaint in found if complaint is not None]


def free_ports(count: int) -> int:
    """Return the first of some consecutive ports of the loopback address that nobody listens on."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as server:
            first = int(server.getsockname()[1])
        if first + count < 60_000:
            with suppress(OSError):
                for number in range(first, first + count):
                    _listen("127.0.0.1", number)
                return first


def _shared(port: Port, ports: Sequence[Port]) -> str | None:
    """Complain of a port that an earlier component of the stack has too."""
    first = next(one for one in ports if one.number == port.number)
    if first is port:
        return None
    movable = " or ".join(dict.fromkeys(one.variable for one in (first, port) if one.variable))
    return (
        f"port {port.number} is wanted by {first.component} and by {port.component}: change {movable} in .env"
    )


def _complaint(port: Port, owner: Callable[[int], str]) -> str | None:
    try:
        _listen(port.address, port.number)
    except OSError as error:
        advice = f"set {port.variable} in .env to another port" if port.variable else "stop that program"
        if error.errno == errno.EADDRINUSE:
            taken = f"port {port.number} ({port.component}) is taken by {owner(port.number)}"
            return f"{taken}: stop it, or {advice}"
        place = f"port {port.number} ({port.component}) on {port.address}"
        return f"{place}: {error.strerror}; {advice}, or correct BIND_ADDRESS"
    return None


def _listen(address: str, port: int) -> None:
    """Listen for an instant; raise OSError where that is impossible."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        attempt.bind((address, port))
        attempt.listen(1)
