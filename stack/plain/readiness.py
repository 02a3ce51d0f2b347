"""Waiting until every component is ready, with a live line of what is still missing."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from stack.plain.components import Component
from stack.say import say, show

LAST_LINES = 15


class NotReady(Exception):
    """A component that did not become ready, with the end of its log."""


def wait_until_ready(
    components: Sequence[Component],
    *,
    seconds: float,
    states: Callable[[], Mapping[str, str]],
    logs: Path,
    pause_seconds: float = 0.3,
) -> None:
    """Return when every component is ready; raise NotReady at the deadline, or when supervisor gives up."""
    started = time.monotonic()
    waiting = {one.name: one for one in components}
    while waiting:
        complaints = {name: one.complaint() for name, one in waiting.items()}
        for name in [name for name, complaint in complaints.items() if complaint is None]:
            say(f"ready after {time.monotonic() - started:4.1f} s: {name}")
            del waiting[name]
        if waiting:
            show(f"waiting for {', '.join(waiting)} ({time.monotonic() - started:.0f} s)")
            _give_up_on_fatal(waiting.values(), states(), logs)
            if time.monotonic() - started > seconds:
                raise NotReady(
                    "\n".join(_report(one, complaints[name], logs) for name, one in waiting.items())
                )
            time.sleep(pause_seconds)


def _give_up_on_fatal(waiting: Iterable[Component], states: Mapping[str, str], logs: Path) -> None:
    for component in waiting:
        if states.get(component.program) == "FATAL":
            raise NotReady(_report(component, "does not start", logs))


def _report(component: Component, complaint: str | None, logs: Path) -> str:
    log = logs / f"{component.program}.log"
    return "\n  ".join([f"{component.name}: {complaint}; the end of {log}:", *last_lines(log, LAST_LINES)])


def last_lines(log: Path, count: int) -> list[str]:
    """Return the end of a log; nothing where there is none."""
    return log.read_text(errors="replace").splitlines()[-count:] if log.exists() else []
