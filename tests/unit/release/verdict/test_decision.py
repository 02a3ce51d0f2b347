"""What follows from the gates, in which order."""

from dataclasses import replace
from itertools import product

import pytest

from release.verdict.decision import Action, Decision, Reason, Situation, decide
from release.verdict.gate import Gate, Verdict

PASS, FAIL, INSUFFICIENT = Verdict.PASS, Verdict.FAIL, Verdict.INSUFFICIENT
WELL = Situation(
    required=frozenset({"error_rate"}),
    candidate_requests=500,
    least_requests=200,
    is_last_step=True,
    step_over=True,
)


def gate(name: str, verdict: Verdict, *, empty: bool = False) -> Gate:
    return Gate(name, verdict, f"{name} said {verdict}.", {}, empty)


def result(decision: Decision) -> tuple[Action, Reason]:
    return decision.action, decision.reason


GOOD = [gate("error_rate", PASS), gate("sample_ratio", PASS)]


def test_all_passed_promotes_after_the_last_step() -> None:
    """And names what passed."""
    decision = decide(GOOD, WELL)
    assert result(decision) == (Action.PROMOTE, Reason.ALL_PASSED)
    assert decision.gates == ("error_rate", "sample_ratio")
    assert decision.why == "Passed: error_rate, sample_ratio."


def test_all_passed_goes_on_before_the_last_step() -> None:
    """Approval is asked for at the end only."""
    decision = decide(GOOD, replace(WELL, is_last_step=False, approval_awaited=True))
    assert result(decision) == (Action.ADVANCE, Reason.ALL_PASSED)


def test_a_lost_guardrail_rolls_back_whatever_else_is_wrong() -> None:
    """Mismatch, lost signals, Prometheus away, too few requests: taking the traffic back is always safe."""
    worst = replace(
        WELL,
        candidate_requests=0,
        step_over=False,
        approval_awaited=True,
        prometheus_away=True,
        signals_lost=("error_rate",),
    )
    decision = decide([gate("sample_ratio", FAIL), gate("error_rate", FAIL)], worst)
    assert result(decision) == (Action.ROLL_BACK, Reason.GUARDRAIL_LOST)
    assert decision.gates == ("error_rate",)
    assert decision.why == "error_rate said fail."


@pytest.mark.parametrize(
    "name",
    ["error_rate", "slow_requests", "latency", "mean_latency", "drift", "labels", "confidence", "accuracy"],
)
def test_every_gate_but_the_sample_ratio_is_a_guardrail(name: str) -> None:
    """Whether the plan requires it or not."""
    assert decide([*GOOD, gate(name, FAIL)], WELL).action is Action.ROLL_BACK


def test_order_below_the_guardrails() -> None:
    """Each cause of a hold is named before those that stand behind it."""
    situation = replace(
        WELL,
        candidate_requests=3,
        step_over=False,
        approval_awaited=True,
        prometheus_away=True,
        signals_lost=("latency", "accuracy"),
    )
    gates = [gate("error_rate", INSUFFICIENT), gate("sample_ratio", FAIL)]
    assert result(decide(gates, situation)) == (Action.HOLD, Reason.MISMATCH)
    gates[1] = gate("sample_ratio", PASS)
    assert result(decide(gates, situation)) == (Action.HOLD, Reason.PROMETHEUS_AWAY)
    situation = replace(situation, prometheus_away=False)
    lost = decide(gates, situation)
    assert result(lost) == (Action.HOLD, Reason.SIGNAL_LOST)
    assert "latency, accuracy" in lost.why
    situation = replace(situation, signals_lost=())
    little = decide(gates, situation)
    assert result(little) == (Action.HOLD, Reason.TOO_LITTLE)
    assert little.gates == ("error_rate",)
    gates[0] = gate("error_rate", PASS)
    few = decide(gates, situation)
    assert result(few) == (Action.HOLD, Reason.TOO_LITTLE)
    assert "3 requests" in few.why
    situation = replace(situation, candidate_requests=200)
    assert result(decide(gates, situation)) == (Action.HOLD, Reason.STEP_NOT_OVER)
    situation = replace(situation, step_over=True)
    assert result(decide(gates, situation)) == (Action.HOLD, Reason.APPROVAL_AWAITED)
    assert result(decide(gates, replace(situation, approval_awaited=False)))[0] is Action.PROMOTE


def test_no_gate_promotes_nothing() -> None:
    """Nor do gates that are all silent."""
    free = replace(WELL, required=frozenset())
    assert result(decide([], free)) == (Action.HOLD, Reason.TOO_LITTLE)
    silent = [gate("accuracy", INSUFFICIENT, empty=True)]
    assert result(decide(silent, free)) == (Action.HOLD, Reason.TOO_LITTLE)


def test_a_required_gate_that_is_not_there_holds() -> None:
    """By name: what nobody judged has not passed."""
    decision = decide([gate("latency", PASS)], WELL)
    assert result(decision) == (Action.HOLD, Reason.TOO_LITTLE)
    assert decision.gates == ("error_rate",)


def test_accuracy_without_any_label_blocks_only_a_plan_that_requires_it() -> None:
    """Nobody sends labels: that is known from the start, and the plan's choice. The decision says so."""
    gates = [*GOOD, gate("accuracy", INSUFFICIENT, empty=True)]
    decision = decide(gates, WELL)
    assert decision.action is Action.PROMOTE
    assert "Not required, without a number: accuracy." in decision.why
    required = replace(WELL, required=frozenset({"error_rate", "accuracy"}))
    assert result(decide(gates, required)) == (Action.HOLD, Reason.TOO_LITTLE)


def test_labels_that_came_and_are_not_enough_block_every_plan() -> None:
    """Not required means that it may be missing, not that it may be undecided."""
    gates = [*GOOD, gate("accuracy", INSUFFICIENT)]
    assert result(decide(gates, WELL)) == (Action.HOLD, Reason.TOO_LITTLE)


def test_inconclusive_never_ships_and_too_little_never_rolls_back() -> None:
    """Of every combination of three gates' verdicts, requirements and situations."""
    verdicts = [(PASS, False), (FAIL, False), (INSUFFICIENT, False), (INSUFFICIENT, True)]
    names = ("error_rate", "sample_ratio", "accuracy")
    for said in product(verdicts, repeat=3):
        gates = [gate(name, verdict, empty=empty) for name, (verdict, empty) in zip(names, said, strict=True)]
        for last, over, awaited, away, lost, few, required in product((False, True), repeat=7):
            situation = Situation(
                required=frozenset(names if required else ()),
                candidate_requests=10 if few else 500,
                least_requests=200,
                is_last_step=last,
                step_over=over,
                approval_awaited=awaited,
                prometheus_away=away,
                signals_lost=("latency",) if lost else (),
            )
            action = decide(gates, situation).action
            failed = [one.name for one in gates if one.verdict is FAIL]
            undecided = [one for one in gates if one.verdict is INSUFFICIENT and (required or not one.empty)]
            assert (action is Action.ROLL_BACK) == bool(set(failed) - {"sample_ratio"})
            if action in (Action.ADVANCE, Action.PROMOTE):
                assert not failed
                assert not undecided
                assert any(one.verdict is PASS for one in gates)
                assert over
                assert not any((away, lost, few))
                assert (action is Action.PROMOTE) == last
                assert not (last and awaited)
