"""What people see of a drill: a picture that changes on a terminal, a line for each change elsewhere."""

import time
from collections.abc import Sequence

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from examples.drills.drills import Drill
from examples.drills.outcome import Gate, Outcome, Requests, said
from examples.drills.run import Progress

COLOURS = {"pass": "green", "fail": "red", "insufficient": "yellow"}
QUIET_SECONDS = 15.0  # after which a log hears that it still goes on
WIDE = 200  # columns, where no terminal says how many it has


class Display:
    """Shows one drill after the other."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None
        self._progress: Progress | None = None
        self._began = time.monotonic()
        self._last, self._said_at = "", 0.0

    def begin(self, drill: Drill) -> None:
        """Announce a drill."""
        self._began, self._last, self._progress = time.monotonic(), "", None
        self._console.print(Text(f"drill-{drill.name}: the candidate {drill.about}", "bold"))
        if self._console.is_terminal:
            self._live = Live(
                get_renderable=self._picture, console=self._console, refresh_per_second=4, transient=True
            )
            self._live.start()

    def show(self, progress: Progress) -> None:
        """Show how far a drill is."""
        self._progress = progress
        line = doing(progress)
        is_news = line != self._last or time.monotonic() > self._said_at + QUIET_SECONDS
        if self._live is None and is_news:
            self._console.print(Text(f"{self._seconds} {line} ({counted(progress.requests)})"))
            self._last, self._said_at = line, time.monotonic()

    def end(self, outcome: Outcome | None = None) -> None:
        """Say what came of a drill; of one that was interrupted nothing did."""
        if self._live is not None:
            self._live.stop()
            self._live = None
        if outcome is not None:
            self._console.print(Text(summary(outcome), "red" if outcome.faults else "green"))

    @property
    def _seconds(self) -> str:
        return f"{time.monotonic() - self._began:5.0f} s "

    def _picture(self) -> Group:
        progress = self._progress
        if progress is None:
            return Group()
        lines = [Text(f"{self._seconds} {doing(progress)}"), Text(f"         {counted(progress.requests)}")]
        return Group(*lines, gates_shown(progress.seen.gates if progress.seen else ()))


def doing(progress: Progress) -> str:
    """Return what is being done and where the release is, in words."""
    return f"{progress.doing}: {progress.seen.place}" if progress.seen else progress.doing


def counted(requests: Requests) -> str:
    """Return how many requests there were, in words."""
    answered = f"the candidate answered {requests.candidate}"
    return f"{requests.sent} requests sent, {requests.failed} failed; {answered}"


def gates_shown(gates: Sequence[Gate]) -> Table:
    """Show what each gate says."""
    table = Table.grid(padding=(0, 2))
    table.add_column()
    for gate in gates:
        verdict = Text(gate.verdict, COLOURS.get(gate.verdict, ""))
        table.add_row("       ", Text(gate.name, no_wrap=True), verdict, Text(gate.why))
    return table


def summary(outcome: Outcome) -> str:
    """Return what came of a drill, in words."""
    lines = []
    if end := outcome.ended:
        because = f" by {', '.join(end.because)}" if end.because and end.end != "promote" else ""
        lines.append(f"{said(end.end).capitalize()}{because} after {end.seconds:.0f} s: {end.why}")
    kinds = ", ".join(f"{count} times {kind}" for kind, count in outcome.requests.failures.items())
    lines.append(f"{counted(outcome.requests)}{f' ({kinds})' if kinds else ''}.")
    wrong = f"WRONG: {'; '.join(outcome.faults)}."
    lines.append(wrong if outcome.faults else "Right. Everything is as it was before.")
    return "".join(f"         {line}\n" for line in lines).rstrip()
