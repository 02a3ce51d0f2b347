"""What users of other release controllers complain about does not happen here."""

from release.verdict.coins import Arm, Coins, Look, coins
from release.verdict.decision import Action, Reason, Situation, decide
from release.verdict.failures import error_rate
from release.verdict.feedback import accuracy
from release.verdict.gate import Verdict
from release.verdict.latency import latency
from release.verdict.predictions import confidence, labels
from release.verdict.sample_ratio import Served, sample_ratio

LAST = Situation(
    required=frozenset({"error_rate"}),
    candidate_requests=1000,
    least_requests=200,
    is_last_step=True,
    step_over=True,
)


def test_no_traffic_neither_passes_nor_rolls_back() -> None:
    """Every gate of nothing is empty, and the release holds for want of numbers."""
    gates = [
        error_rate(Coins()),
        latency([]),
        sample_ratio([]),
        labels([]),
        confidence([]),
        accuracy([]),
    ]
    assert all(gate.verdict is Verdict.INSUFFICIENT and gate.empty for gate in gates)
    decision = decide(gates, LAST)
    assert (decision.action, decision.reason) == (Action.HOLD, Reason.TOO_LITTLE)


def test_measurements_that_all_failed_are_no_success() -> None:
    """Nothing was measured, so there is no gate: it holds, and says which."""
    decision = decide([], LAST)
    assert decision.action is Action.HOLD
    assert "error_rate" in decision.why


def test_an_empty_answer_holds_and_is_named() -> None:
    """Even beside gates that pass by what they had before."""
    gates = [error_rate(coins([Look(Arm(500, 5), Arm(2000, 20))]))]
    assert decide(gates, LAST).action is Action.PROMOTE
    lost = Situation(**{**vars(LAST), "signals_lost": ("nginx_responses_total",)})
    decision = decide(gates, lost)
    assert (decision.action, decision.reason) == (Action.HOLD, Reason.SIGNAL_LOST)
    assert "nginx_responses_total" in decision.why


def test_sparse_errors_are_not_missed() -> None:
    """Six failures among the candidate's 3000 requests, where the stable slot had none of 12,000."""
    looks = [Look(Arm(100, 1 if number % 5 == 0 else 0), Arm(400, 0)) for number in range(30)]
    assert coins(looks).candidate == Arm(3000, 6)
    assert error_rate(coins(looks)).verdict is Verdict.FAIL


def test_a_stable_slot_without_data_is_no_verdict() -> None:
    """A candidate that fails, with nobody to compare it with, is neither passed nor blamed; it holds."""
    gate = error_rate(coins([Look(Arm(1000, 100), Arm(0, 0))]))
    assert (gate.verdict, gate.empty) == (Verdict.INSUFFICIENT, False)
    assert decide([gate], LAST).action is Action.HOLD


def test_inverted_slots_are_noticed() -> None:
    """By the shares that they serve, before anything else is believed; equal shares could not show it."""
    inverted = sample_ratio([Served(0.2, 400, 100)])
    decision = decide([error_rate(coins([Look(Arm(400, 4), Arm(100, 1))])), inverted], LAST)
    assert (decision.action, decision.reason) == (Action.HOLD, Reason.MISMATCH)
    assert "swapped" in decision.why


def test_a_bad_day_that_comes_with_a_larger_share_is_not_the_candidates() -> None:
    """Both fail 1 % at a share of 5 %, then both 10 % at 50 %: in one pot it would be 9 % against 4 %."""
    looks = [Look(Arm(50, 0), Arm(950, 10))] * 10 + [Look(Arm(500, 50), Arm(500, 50))] * 10
    whole = coins(looks)
    assert whole.candidate.rate > 2 * whole.stable.rate
    assert error_rate(whole).verdict is Verdict.PASS


def test_a_fail_shows_its_numbers() -> None:
    """All that the evidence was made of, but for the looks in between."""
    gate = error_rate(coins([Look(Arm(200, 20), Arm(800, 8))]))
    assert set(gate.numbers) == {
        "candidate_requests",
        "candidate_bad",
        "candidate_rate",
        "stable_requests",
        "stable_bad",
        "stable_rate",
        "evidence",
        "threshold",
    }
