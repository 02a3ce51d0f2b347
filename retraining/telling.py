"""What people are told of a run, by the outbox of the release program."""

import logging
from typing import Any

from retraining.release_program import Refused, ReleaseProgram
from retraining.runs.run import Outcome, Run

SUBJECTS = {
    Outcome.PROMOTED: "a renewed model is in production",
    Outcome.NOT_PROMOTED: "the renewed model was not promoted",
    Outcome.GATE_REFUSED: "the offline gate refused the renewed model",
    Outcome.DATA_REFUSED: "the data set was refused, nothing was trained",
    Outcome.TOO_FEW_RECORDS: "too few new records, nothing was trained",
    Outcome.STOPPED: "the run was stopped",
    Outcome.FAILED: "the run failed",
}
LONGEST_LINE, MOST_LINES = 700, 100
KEPT = "Production stays as it is."

logger = logging.getLogger(__name__)


def message_of(run: Run, reports: str) -> dict[str, Any]:
    """Return the message about the end of a run: what happened, why, with the numbers, where to look."""
    if run.outcome is None:
        raise ValueError(f"run {run.id} has not ended")
    begun = f"Run {run.id}, begun by {run.who} ({run.trigger})"
    lines = [f"{begun}: {run.why}." if run.why else f"{begun}.", run.reason]
    if run.outcome is not Outcome.PROMOTED:
        lines.append(KEPT)
    lines += [one for name in ("check", "judge") for one in sentences(run, name)]
    lines.append(f"The report: {reports}/runs/{run.id}/report")
    return {
        "key": f"retraining:{run.id}",
        "subject": f"Retraining: {SUBJECTS[run.outcome]}",
        "lines": [" ".join(one.split())[:LONGEST_LINE] for one in lines if one][:MOST_LINES],
    }


def sentences(run: Run, step: str) -> list[str]:
    """Return what each check of a step said."""
    if step not in run.steps:
        return []
    checks = run.result(step).get("checks", [])
    return [f"{one['verdict']}: {one['name']} {one['set']}".rstrip() + f": {one['why']}" for one in checks]


class Telling:
    """Has the release program tell it."""

    def __init__(self, program: ReleaseProgram, reports: str) -> None:
        self._program = program
        self._reports = reports

    def __call__(self, run: Run) -> None:
        """Tell it once; raises NotNow. What is refused would be so each time, and no run could follow."""
        try:
            self._program.tell(message_of(run, self._reports))
        except Refused as error:
            logger.warning("people are not told: %s", error, extra={"run": run.id})
