"""What follows from the gates."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from release.verdict import sample_ratio
from release.verdict.gate import Gate, Verdict


class Action(StrEnum):
    """What is to be done with the candidate."""

    ROLL_BACK = "rollback"
    HOLD = "hold"
    ADVANCE = "advance"
    PROMOTE = "promote"


class Reason(StrEnum):
    """Why, in a word."""

    GUARDRAIL_LOST = "guardrail_lost"
    MISMATCH = "mismatch"
    PROMETHEUS_AWAY = "prometheus_away"
    SIGNAL_LOST = "signal_lost"
    TOO_LITTLE = "too_little"
    STEP_NOT_OVER = "step_not_over"
    APPROVAL_AWAITED = "approval_awaited"
    ALL_PASSED = "all_passed"


@dataclass(frozen=True)
class Situation:
    """What a decision needs to know beside the gates' results.

    `required` names the plan's gates that must have passed, `candidate_requests` are this step's,
    `approval_awaited` says that the plan wants a person's approval and has none, `signals_lost` names what
    was asked of Prometheus and gave no answer, an empty one, or no number.
    """

    required: frozenset[str]
    candidate_requests: int
    least_requests: int
    is_last_step: bool
    step_over: bool
    approval_awaited: bool = False
    prometheus_away: bool = False
    signals_lost: tuple[str, ...] = ()


@dataclass(frozen=True)
class Decision:
    """An action, its reason in a word and in a sentence, and the names of the gates that it follows from."""

    action: Action
    reason: Reason
    why: str
    gates: tuple[str, ...] = ()


def decide(gates: Sequence[Gate], situation: Situation) -> Decision:
    """Return what to do. What stands first in this order decides:

    1. A gate failed, other than the sample ratio: roll back. Each gate has enough to say so by its own rule,
       however few requests there were, and whatever else is wrong: taking traffic away is always safe.
    2. The slots' shares are not the wanted ones: hold. No comparison is fair.
    3. Prometheus is away, or a signal is lost: hold. What is not measured is not judged.
    4. Too little: hold. So are too few requests of the candidate, a required gate that has not passed or is
       not there at all, no gate at all, and any gate that has numbers and does not yet say pass.
    5. The step's time is not over: hold.
    6. A person's approval is awaited, after the last step: hold.
    7. Go on to the next step; after the last one, promote.

    Of a gate that is not required no numbers need come: that of accuracy where nobody sends labels. Once they
    come it must pass like the others, since not required means that it may be missing, not that it may be
    undecided. So nothing inconclusive is ever promoted, and too little never rolls back.
    """
    if failed := [gate for gate in gates if gate.verdict is Verdict.FAIL and gate.name != sample_ratio.NAME]:
        return _by(Action.ROLL_BACK, Reason.GUARDRAIL_LOST, failed)
    if mismatched := [gate for gate in gates if gate.verdict is Verdict.FAIL]:
        return _by(Action.HOLD, Reason.MISMATCH, mismatched)
    if situation.prometheus_away:
        return Decision(Action.HOLD, Reason.PROMETHEUS_AWAY, "Prometheus does not answer: nothing is known.")
    if situation.signals_lost:
        lost = ", ".join(situation.signals_lost)
        return Decision(Action.HOLD, Reason.SIGNAL_LOST, f"No number came of: {lost}.")
    return _too_little(gates, situation) or _passed(gates, situation)


def _too_little(gates: Sequence[Gate], situation: Situation) -> Decision | None:
    if undecided := [gate for gate in gates if _is_undecided(gate, situation)]:
        return _by(Action.HOLD, Reason.TOO_LITTLE, undecided)
    if missing := sorted(situation.required - {gate.name for gate in gates}):
        why = f"Not judged, and required by the plan: {', '.join(missing)}."
        return Decision(Action.HOLD, Reason.TOO_LITTLE, why, tuple(missing))
    if all(gate.verdict is not Verdict.PASS for gate in gates):
        return Decision(Action.HOLD, Reason.TOO_LITTLE, "No gate has judged anything.")
    if situation.candidate_requests < situation.least_requests:
        why = (
            f"The candidate answered {situation.candidate_requests} requests in this step: "
            f"the plan wants {situation.least_requests}."
        )
        return Decision(Action.HOLD, Reason.TOO_LITTLE, why)
    return None


def _is_undecided(gate: Gate, situation: Situation) -> bool:
    may_be_missing = gate.empty and gate.name not in situation.required
    return gate.verdict is Verdict.INSUFFICIENT and not may_be_missing


def _passed(gates: Sequence[Gate], situation: Situation) -> Decision:
    if not situation.step_over:
        return Decision(Action.HOLD, Reason.STEP_NOT_OVER, "All is well so far, and the step goes on.")
    passed = tuple(gate.name for gate in gates if gate.verdict is Verdict.PASS)
    silent = [gate.name for gate in gates if gate.verdict is not Verdict.PASS]
    why = f"Passed: {', '.join(passed)}." + (
        f" Not required, without a number: {', '.join(silent)}." if silent else ""
    )
    if not situation.is_last_step:
        return Decision(Action.ADVANCE, Reason.ALL_PASSED, why, passed)
    if situation.approval_awaited:
        return Decision(Action.HOLD, Reason.APPROVAL_AWAITED, f"{why} A person has to approve.", passed)
    return Decision(Action.PROMOTE, Reason.ALL_PASSED, why, passed)


def _by(action: Action, reason: Reason, gates: Sequence[Gate]) -> Decision:
    return Decision(action, reason, " ".join(gate.why for gate in gates), tuple(gate.name for gate in gates))
