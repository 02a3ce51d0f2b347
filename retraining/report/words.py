"""Numbers, times and names as people read them."""

import math
import re
from datetime import UTC, datetime

STEPS = {
    "collect": "Waits for new records and makes a version of the data set",
    "inspect": "Asks production's model what it says of them",
    "check": "Checks whether the data are fit to be learnt",
    "train": "Trains the candidate",
    "predict": "Has both models answer what neither was trained on",
    "judge": "Compares them: the offline gate",
    "pack": "Completes the candidate's package",
    "package": "Notes where it comes from, and files it among the models",
    "push": "Keeps model and data under a version, and pushes them",
    "release": "Starts a release: live traffic by a plan",
    "decide": "Waits for the release's decision",
}
CHECK = re.compile(r"[a-z_]+( \([a-z-]+\))?")
MINUS = "\N{MINUS SIGN}"
TRIGGERS = {"asked": "somebody asked", "schedule": "by the clock", "drift": "inputs have changed"}
VERDICTS = {"pass": "pass", "fail": "fail", "insufficient": "too few to say"}


def number(value: float) -> str:
    """Return a number with four digits that count, a large one whole, with its thousands apart."""
    if not math.isfinite(value):
        return "—"
    if abs(value) < 1e15 and (value == int(value) or abs(value) >= 1000):
        return f"{value:,.0f}"
    return f"{value:.4g}"


def percent(share: float) -> str:
    """Return a share with a digit after the point."""
    return f"{share:.1%}".replace("%", " %")


def points(difference: float) -> str:
    """Return the difference of two shares in points, with its sign."""
    rounded = round(100 * difference, 1)
    return f"{rounded:+.1f} points".replace("-", MINUS) if rounded else "no difference"


def duration(seconds: float) -> str:
    """Return how long something took."""
    if seconds < 9.95:
        return f"{max(seconds, 0):.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def moment(time: datetime) -> str:
    """Return a time to the second, in UTC."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def sentence(reason: str) -> str:
    """Return a reason as a sentence begins; a check's name before a colon as a heading."""
    name, colon, rest = reason.partition(":")
    begun = f"{name.replace('_', ' ')}{colon}{rest}" if CHECK.fullmatch(name) else reason
    return begun[:1].upper() + begun[1:]


def check_title(name: str) -> str:
    """Return a check's name as a heading; what it is about may be any text."""
    check, bracket, about = name.partition("[")
    title = check.replace("_", " ").capitalize().replace("Rmse", "RMSE")
    return f"{title}: {about.removesuffix(']')}" if bracket else title
