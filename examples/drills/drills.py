"""The drills: what is tried, under which traffic, and which decision has to follow. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from service.slots import CANDIDATE

Fault = Literal["AsGood", "Slow", "Failing", "Mistaken"]  # a class of faults.py
Dirty = Literal["nobody", "candidate", "all"]  # whose visitors send damaged images
End = Literal["promote", "abort", "hold"]


@dataclass(frozen=True)
class Load:
    """Requests a second, and the share of their answers whose true label is told.

    With visitors each request is one visitor's, who has an id.
    """

    requests_per_second: float = 40
    labelled: float = 1.0
    visitors: int = 0


@dataclass(frozen=True)
class Then:
    """What happens so many seconds after the release began: a service dies, or images become dirty."""

    after_seconds: float
    kill: str = ""
    dirty: Dirty = "nobody"


@dataclass(frozen=True)
class Expected:
    """The right end, and what it has to follow from.

    `because` is the gate that has failed (abort), the word for what holds, or of a promotion a gate that has
    to have passed, empty where none is meant in particular. A hold has to last for `holds_seconds`.
    """

    end: End
    because: str = ""
    holds_seconds: float = 0.0


@dataclass(frozen=True)
class Drill:
    """A release under a condition, and its right end; `about` completes "The candidate …".

    Requests may fail only where `may_fail` says so. One that is not decided within `most_seconds` has failed.
    """

    name: str
    about: str
    expected: Expected
    fault: Fault = "AsGood"
    plan: str = "drill"
    load: Load = Load()
    then: Then | None = None
    may_fail: bool = False
    most_seconds: float = 240.0


SETTLED_SECONDS = 20.0  # after the start only the new split is counted; see release/judge.py
STUCK_SECONDS = 5.0  # after which each visitor stays on a slot, whose answers tell which
HOLDS_SECONDS = 10.0

GOOD = Drill("good", "is as good as the stable slot's model", Expected("promote"))
SLOW = Drill("slow", "takes 0.1 s longer for each answer", Expected("abort", "latency"), "Slow")
ERRORS = Drill(
    "errors",
    "fails three of ten images",
    Expected("abort", "error_rate"),
    "Failing",
    may_fail=True,
)
WORSE = Drill("worse", "is wrong 10 points more often", Expected("abort", "accuracy"), "Mistaken")
DRIFT_ON_ONE = Drill(
    "drift-one",
    "is as good, and its visitors begin to send damaged images",
    Expected("abort", "drift"),
    plan="drill-drift",
    load=Load(labelled=0.0, visitors=400),
    then=Then(STUCK_SECONDS, dirty="candidate"),
)
DRIFT_ON_BOTH = Drill(
    "drift-both",
    "is as good, and all visitors send damaged images",
    Expected("promote", "drift"),
    plan="drill-drift",
    load=Load(labelled=0.0, visitors=400),
    then=Then(0.0, dirty="all"),
)
QUIET = Drill(
    "quiet",
    "is as good, and hardly anybody comes",
    Expected("hold", "too_little", HOLDS_SECONDS),
    load=Load(requests_per_second=1),
)
KILL = Drill(
    "kill",
    "is as good, and its server dies",
    Expected("abort", "error_rate"),
    then=Then(SETTLED_SECONDS, kill=CANDIDATE),
)
BLIND = Drill(
    "blind",
    "is as good, and Prometheus dies",
    Expected("hold", "prometheus", HOLDS_SECONDS),
    then=Then(SETTLED_SECONDS, kill="prometheus"),
)

# What a name stands for: one drill after the other.
DRILLS: Mapping[str, tuple[Drill, ...]] = {
    "good": (GOOD,),
    "slow": (SLOW,),
    "errors": (ERRORS,),
    "worse": (WORSE,),
    "drift": (DRIFT_ON_ONE, DRIFT_ON_BOTH),
    "quiet": (QUIET,),
    "kill": (KILL,),
    "blind": (BLIND,),
}
