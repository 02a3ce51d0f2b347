"""How many replicas each slot has, as Docker's DNS knows."""

import socket
from collections.abc import Callable, Sequence
from threading import Event, Thread
from typing import Self

SECONDS = 1.0


def count_replicas(slot: str, before: int) -> int:
    """Return how many addresses a slot has, or `before` where the DNS cannot say.

    A slot without any (it is starting, or stopped) counts as one: its weight waits for it.
    """
    try:
        found = socket.getaddrinfo(slot, None, socket.AF_INET)
    except socket.gaierror as error:
        return 1 if error.errno in {socket.EAI_NONAME, socket.EAI_NODATA} else before
    return len({address[0] for *_, address in found})


class ReplicaCounts:
    """The slots' replicas, counted once a second, in a thread for each as the DNS may keep it waiting."""

    def __init__(self, slots: Sequence[str], count: Callable[[str, int], int] = count_replicas) -> None:
        self._counts = dict.fromkeys(slots, 1)
        self._count = count
        self._ended = Event()

    def __enter__(self) -> Self:
        """Count from now on."""
        for slot in self._counts:
            Thread(target=self._keep_counting, args=(slot,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()

    def latest(self) -> dict[str, int]:
        """Return the newest counts; 1 each before the first answers."""
        return dict(self._counts)

    def _keep_counting(self, slot: str) -> None:
        while not self._ended.is_set():
            self._counts[slot] = self._count(slot, self._counts[slot])
            self._ended.wait(SECONDS)
