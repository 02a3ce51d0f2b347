"""How many replicas each slot has, as Docker's DNS knows."""

import socket
import time
from collections.abc import Sequence
from threading import Thread

SECONDS = 1.0


def count_replicas(slot: str, before: int) -> int:
    """Return how many addresses a slot has, or `before` where the DNS gives no answer.

    A slot without any (it is starting, or stopped) counts as one: its weight waits for it.
    """
    try:
        found = socket.getaddrinfo(slot, None, socket.AF_INET)
    except socket.gaierror as error:
        return before if error.errno == socket.EAI_AGAIN else 1
    return len({address[0] for *_, address in found})


class ReplicaCounts:
    """The slots' replicas, counted once a second, in a thread for each as the DNS may keep it waiting."""

    def __init__(self, slots: Sequence[str]) -> None:
        self._counts = dict.fromkeys(slots, 1)

    def start(self) -> None:
        """Count from now on."""
        for slot in self._counts:
            Thread(target=self._keep_counting, args=(slot,), daemon=True).start()

    def latest(self) -> dict[str, int]:
        """Return the newest counts."""
        return dict(self._counts)

    def _keep_counting(self, slot: str) -> None:
        while True:
            self._counts[slot] = count_replicas(slot, self._counts[slot])
            time.sleep(SECONDS)
