"""The texts that people get: short, in plain words, with the numbers, what to do, and where to look."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from mongodb.outbox import Message

LONGEST_SUBJECT, LONGEST_LINE = 160, 700
MOST_ALERTS = 10  # of one group, in one message; the rest is counted

ReleaseStep = Literal[
    "started",
    "promoted",
    "aborted",
    "rolled_back",
    "ready",
    "held",
    "paused",
    "stuck",
    "unfinished",
    "shared",
]


@dataclass(frozen=True)
class Alert:
    """One alert as Alertmanager tells of it; times are aware UTC."""

    name: str
    severity: str
    summary: str
    description: str
    starts_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True)
class ReleaseNews:
    """A step of a release that people should know; `numbers` are what it was decided by, name → value.

    `which` tells steps of one kind apart, where each of them is to be told.
    """

    release: str
    step: ReleaseStep
    candidate: str  # the slot
    model: str
    version: str
    why: str
    numbers: Mapping[str, str] = field(default_factory=dict)
    do: str = ""
    which: str = ""


STEPS: Mapping[ReleaseStep, str] = {
    "started": "Release started",
    "promoted": "Promoted",
    "aborted": "Release aborted",
    "rolled_back": "Rolled back",
    "ready": "Approval wanted",
    "held": "Release waits",
    "paused": "Release paused",
    "stuck": "Not rolled back",
    "unfinished": "Not done yet",
    "shared": "Still gets traffic",
}


def release_message(news: ReleaseNews, dashboards: str) -> Message:
    """Write of a step of a release; each step of a release is told once, and of those that differ each."""
    subject = f"{STEPS[news.step]}: {news.model} {news.version} on {news.candidate}"
    lines = [_sentence(news.why), *(f"{name}: {value}" for name, value in news.numbers.items())]
    lines += [f"What to do: {news.do}"] if news.do else []
    key = ":".join(filter(None, ("release", news.release, news.step, news.which)))
    return _message(key, subject, lines, f"Dashboards: {dashboards}")


def alerts_message(
    key: str, alerts: Sequence[Alert], about: Sequence[str], *, left_out: int, dashboards: str
) -> Message:
    """Write of alerts that began or ended together; what to do is said once for each kind of them."""
    first, ended = alerts[0], alerts[0].ends_at is not None
    more = f" (and {len(alerts) + left_out - 1} more)" if len(alerts) + left_out > 1 else ""
    word = "Ended" if ended else first.severity.capitalize()
    subject = f"{_cut(f'{word}: {first.name}: {first.summary}', LONGEST_SUBJECT - len(more))}{more}"
    shown = alerts[:MOST_ALERTS]
    lines = [_alert_line(one) for one in shown]
    if hidden := len(alerts) - len(shown) + left_out:
        lines.append(f"… and {hidden} more: see Alertmanager")
    if not ended:
        first_of_kind = {one.name: one for one in reversed(shown)}
        lines += [f"What to do: {one.description}" for one in reversed(first_of_kind.values())]
    return _message(key, subject, lines, f"Dashboards: {dashboards}", about)


def told_message(key: str, subject: str, lines: Sequence[str], dashboards: str) -> Message:
    """Write what another program of the stack tells."""
    return _message(key, subject, lines, f"Dashboards: {dashboards}")


def _alert_line(alert: Alert) -> str:
    if alert.ends_at is None:
        return f"{_sentence(alert.summary)} Since {_clock(alert.starts_at)}."
    return f"{_sentence(alert.summary)} From {_clock(alert.starts_at)} to {_clock(alert.ends_at)}."


def _message(key: str, subject: str, lines: Sequence[str], last: str, about: Sequence[str] = ()) -> Message:
    body = "\n".join([*(_cut(line, LONGEST_LINE) for line in lines if line), last])
    return Message(key, _cut(subject, LONGEST_SUBJECT), body, tuple(about))


def _clock(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _sentence(text: str) -> str:
    words = " ".join(text.split())
    return words if not words or words[-1] in ".!?…" else f"{words}."


def _cut(text: str, longest: int) -> str:
    """Return the text in one line, and what is too long of it as an ellipsis."""
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1].rstrip()}…"
