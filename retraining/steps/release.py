"""Release: the candidate is tried on live traffic. Decide: wait until it is known what became of it."""

from dataclasses import dataclass
from typing import Any

from retraining.release_program import Refused, ReleaseProgram
from retraining.runs.run import Outcome, Run
from retraining.runs.running import Done, Ends, NotNow, Waits

WHO = "retraining"
PROMOTED = "promoted"
ENDED = {PROMOTED, "aborted", "rolled_back"}


@dataclass(frozen=True)
class Release:
    """Starts the release; one that this run has started before is not started again."""

    program: ReleaseProgram
    plan: str

    def __call__(self, run: Run) -> Done:
        """Have the version tried; NotNow while another release is under way."""
        package = run.result("package")["package"]
        newest = self.program.newest()
        if not is_of(newest, package, run):
            why = f"run {run.id}: {run.why}"[:500]
            try:
                newest = self.program.start({"plan": self.plan, "package": package, "who": WHO, "why": why})
            except Refused as error:
                raise NotNow(f"the release program: {error}") from error
        return Done({"release": newest["release"]["_id"], "plan": self.plan})


@dataclass(frozen=True)
class Decide:
    """Waits for the end of the release."""

    program: ReleaseProgram

    def __call__(self, run: Run) -> Waits | Ends:
        """Return how it ended."""
        wanted = run.result("release")["release"]
        newest = self.program.newest()
        release, decision = newest["release"] or {}, newest["decision"] or {}
        if release.get("_id") != wanted:
            return Ends(Outcome.NOT_PROMOTED, f"release {wanted} was followed by another one", {})
        if release["phase"] not in ENDED:
            return Waits(f"release {wanted}: {release['phase']}, {release['percent']} %")
        outcome = Outcome.PROMOTED if release["phase"] == PROMOTED else Outcome.NOT_PROMOTED
        why = decision.get("why") or release["reason"]
        return Ends(outcome, why, {"phase": release["phase"], "decision": decision.get("decision")})


def is_of(newest: dict[str, Any], package: str, run: Run) -> bool:
    """Tell whether the newest release tries this package for this run."""
    release = newest["release"]
    return bool(release) and release["candidate"]["sha256"] == package and run.id in release["reason"]
