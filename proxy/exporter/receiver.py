"""The socket at which nginx's access log arrives: UDP, or a Unix socket."""

import socket
from pathlib import Path

from proxy.exporter.access_log import Unreadable, parse
from proxy.exporter.metrics import ResponseMetrics

MOST_BYTES = 4096  # nginx cuts a line at 2 kB
QUEUE_BYTES = 4 * 2**20  # for what arrives while this program does not run; the kernel may give less


def listen(address: str) -> socket.socket:
    """Return a socket that is bound to HOST:PORT, or to unix:PATH, where anybody may write."""
    if address.startswith("unix:"):
        path = Path(address.removeprefix("unix:"))
        path.unlink(missing_ok=True)
        receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        receiver.bind(str(path))
        path.chmod(0o666)  # nginx is another user
    else:
        host, _, port = address.rpartition(":")
        receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        receiver.bind((host, int(port)))
    receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, QUEUE_BYTES)
    return receiver


def receive(receiver: socket.socket, metrics: ResponseMetrics) -> None:
    """Count the next line; what is none costs only its own place in the queue."""
    try:
        metrics.count(parse(receiver.recv(MOST_BYTES)))
    except Unreadable:
        metrics.count_unreadable()
