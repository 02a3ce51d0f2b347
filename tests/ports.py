"""Ports for the tests' own servers, out of reach of other workers of the run and of the kernel's choices."""

import itertools
import os
import socket
from contextlib import suppress

FIRST, PER_WORKER = (
    20_000,
    1_000,
)  # below 32768, where the kernel takes the ports of outgoing connections from
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))

_numbers = itertools.cycle(range(FIRST + WORKER % 12 * PER_WORKER, FIRST + (WORKER % 12 + 1) * PER_WORKER))


def free_port() -> int:
    """Return a port of the loopback address that nobody listens on, and that no other test is given."""
    for number in itertools.islice(_numbers, PER_WORKER):
        with suppress(OSError), socket.create_server(("127.0.0.1", number)):
            return number
    raise RuntimeError(f"no port of the {PER_WORKER} of this worker is free")
