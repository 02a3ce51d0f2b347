"""The MongoDB that the contestants log into: NX-27017, with a new file for each start."""

import socket
import sys
from pathlib import Path

from benchmark.contestants import Program


def mongodb_program(folder: Path, port: int) -> Program:
    """Return the program; it is ready when its port takes connections."""
    files = ["--db", folder / "mongodb.db", "--log-file", folder / "nx.log", "--pid-file", folder / "nx.pid"]
    command = [str(Path(sys.executable).with_name("nx-27017")), "--host", "127.0.0.1", "--port", str(port)]
    return Program("mongodb", [*command, *map(str, files)], {}, f"tcp://127.0.0.1:{port}")


def free_ports(count: int) -> int:
    """Return the first of some consecutive ports of the loopback address that nobody listens on."""
    while True:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            first = int(listener.getsockname()[1])
        if first + count < 60_000 and all(_is_free(first + number) for number in range(count)):
            return first


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
