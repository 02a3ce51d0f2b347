"""A release as people read it in a terminal."""

from collections.abc import Sequence
from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from release.lifecycle import Phase
from release.views import DecisionView, GateView, Newest, ReleaseView, SeenView
from service.slots import CANDIDATE, STABLE

COLOURS = {
    "pass": "green",
    "fail": "red",
    "insufficient": "yellow",
    Phase.PROMOTED: "green",
    Phase.ABORTED: "red",
    Phase.ROLLED_BACK: "red",
    Phase.PAUSED: "yellow",
    Phase.AWAITING_APPROVAL: "yellow",
}
NONE_YET = 'There has been no release. Start one: make release DO="canary start"'


def newest_shown(newest: Newest, now: datetime) -> RenderableType:
    """Show the newest release with its gates and the last decision about it."""
    release, decision = newest.release, newest.decision
    if release is None or decision is None:
        return Text(NONE_YET)
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column()
    for name, text in _facts(release, newest.seen, now):
        facts.add_row(name, Text(text, style=COLOURS.get(release.phase, "") if name == "phase" else ""))
    facts.add_row("decided", Text(_decided(decision)))
    parts: list[RenderableType] = [facts]
    if newest.gates:
        parts += [Text(""), gates_shown(newest.gates)]
    return Group(*parts)


def gates_shown(gates: Sequence[GateView]) -> Table:
    """Show what each gate says, in words with its numbers."""
    table = _table("gate", "verdict", "why")
    for gate in gates:
        verdict = Text(gate.verdict, style=COLOURS.get(gate.verdict, ""))
        table.add_row(Text(gate.name, no_wrap=True), verdict, Text(gate.why))
    return table


def history_shown(decisions: Sequence[DecisionView]) -> RenderableType:
    """Show decisions, the newest first."""
    if not decisions:
        return Text(NONE_YET)
    table = _table("when (UTC)", "release", "decision", "who", "candidate", "why")
    for one in decisions:
        when = f"{one.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
        cells = (when, one.release, one.decision, one.who, f"{one.percent} %")
        table.add_row(*(Text(cell, no_wrap=True) for cell in cells), Text(one.why))
    return table


def _facts(release: ReleaseView, seen: SeenView | None, now: datetime) -> list[tuple[str, str]]:
    facts = [
        ("release", f"{release.id}, by the plan {release.plan_name}"),
        ("candidate", f"{release.candidate} on {CANDIDATE}"),
        ("beside", f"{release.stable} on {STABLE}"),
        ("phase", release.phase.replace("_", " ")),
    ]
    if release.phase is Phase.RUNNING:
        facts.append(("step", _step(release, now)))
    facts.append(("wanted", f"{STABLE} {100 - release.percent} %, {CANDIDATE} {release.percent} %"))
    if seen and (total := sum(seen.requests.values())):
        shares = (f"{slot} {count / total:.1%}" for slot, count in seen.requests.items())
        facts.append(("served", f"{', '.join(shares)} of {total} requests in this step"))
    if release.held_by:
        facts.append(("held by", release.held_by.replace("_", " ")))
    return facts


def _step(release: ReleaseView, now: datetime) -> str:
    plan = release.plan
    lasts = plan.settling_seconds + plan.step_seconds
    for_seconds = max(0.0, (now - release.step_started_at).total_seconds())
    return f"{release.step + 1} of {len(plan.steps)}, for {for_seconds:.0f} s of at least {lasts:.0f} s"


def _decided(decision: DecisionView) -> str:
    when = f"{decision.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    return f"{decision.decision.replace('_', ' ')}, by {decision.who}, {when}: {decision.why}"


def _table(*columns: str) -> Table:
    return Table(*columns, box=None, pad_edge=False, header_style="bold")
