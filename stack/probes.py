"""Readiness: asking a part whether it can do its work."""

import socket
import struct
import urllib.error
import urllib.request

HTTP_SECONDS = 3.0
MESSAGE = 2013  # OP_MSG of MongoDB's wire protocol
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def http_complaint(url: str) -> str | None:
    """Return None where a URL answers 2xx, else what it answered."""
    try:
        with DIRECT.open(url, timeout=HTTP_SECONDS):
            return None
    except urllib.error.HTTPError as error:
        return f"answers {error.code}"
    except OSError as error:
        return f"no answer ({getattr(error, 'reason', error)})"
    except ValueError as error:
        return f"no answer ({error})"


def mongodb_complaint(host: str, port: int) -> str | None:
    """Return None where a MongoDB server answers a ping, else what happened."""
    command = b"\x10ping\0" + struct.pack("<i", 1) + b"\x02$db\0" + struct.pack("<i", 6) + b"admin\0" + b"\0"
    body = struct.pack("<iB", 0, 0) + struct.pack("<i", 4 + len(command)) + command
    message = struct.pack("<iiii", 16 + len(body), 1, 0, MESSAGE) + body
    try:
        with socket.create_connection((host, port), timeout=HTTP_SECONDS) as connection:
            connection.sendall(message)
            return None if len(connection.recv(4096)) > 16 else "does not answer a ping"
    except OSError as error:
        return f"no answer ({error})"
