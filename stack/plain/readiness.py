"""Waiting until every part is ready, with a live line of what is still missing."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from stack.parts import Part
from stack.say import say, show

LAST_LINES = 15


class NotReady(Exception):
    """A part that did not become ready, with the end of its log."""


def wait_until_ready(
    parts: Sequence[Part],
    *,
    seconds: float,
    states: Callable[[], Mapping[str, str]],
    logs: Path,
    pause_seconds: float = 0.3,
) -> None:
    """Return when every part is ready; raise NotReady at the deadline, or when supervisor gives up."""
    started = time.monotonic()
    waiting = {part.name: part for part in parts}
    while waiting:
        complaints = {name: part.complaint() for name, part in waiting.items()}
        for name in [name for name, complaint in complaints.items() if complaint is None]:
            say(f"ready after {time.monotonic() - started:4.1f} s: {name}")
            del waiting[name]
        if waiting:
            show(f"waiting for {', '.join(waiting)} ({time.monotonic() - started:.0f} s)")
            _give_up_on_fatal(waiting.values(), states(), logs)
            if time.monotonic() - started > seconds:
                raise NotReady(
                    "\n".join(_report(part, complaints[name], logs) for name, part in waiting.items())
                )
            time.sleep(pause_seconds)


def _give_up_on_fatal(waiting: Iterable[Part], states: Mapping[str, str], logs: Path) -> None:
    for part in waiting:
        if states.get(part.program) == "FATAL":
            raise NotReady(_report(part, "does not start", logs))


def _report(part: Part, complaint: str | None, logs: Path) -> str:
    log = logs / f"{part.program}.log"
    lines = log.read_text(errors="replace").splitlines()[-LAST_LINES:] if log.exists() else []
    return "\n  ".join([f"{part.name}: {complaint}; the end of {log}:", *lines])
