"""The turns of a request that waits for a slot, as text for turns.conf.

nginx tries each server of an upstream once, so the room (waiting.conf) stands in it once for each turn.
"""

FILE = "turns.conf"
ROOM = "127.0.0.1:8083"
WAIT_SECONDS = 30
TURNS_PER_SECOND = 2


def turns() -> str:
    """Return the upstream `turns`: as many as fit into the longest wait, and one to spare."""
    servers = f"    server {ROOM} max_fails=0;\n" * (WAIT_SECONDS * TURNS_PER_SECOND + 1)
    return f"upstream turns {{\n{servers}}}\n"
