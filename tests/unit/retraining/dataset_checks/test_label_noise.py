"""Wrong labels are told apart from inputs that have changed."""

import numpy as np
import pytest
from scipy.stats import beta  # type: ignore[import-untyped]

from retraining.check import Verdict
from retraining.dataset_checks.label_noise import binomial_lower, core_contradictions, label_noise
from retraining.dataset_checks.records import Answered
from tests.unit.retraining.dataset_checks.made_up import clouds, flipped, records

APART, OVERLAPPING = 0.9, 1.5  # a nearest neighbour is of another class in some 2 %, and in some 25 %


@pytest.mark.parametrize("spread", [APART, OVERLAPPING])
def test_a_third_of_the_labels_flipped_fails(spread: float) -> None:
    """Whether the classes are clear or not."""
    embeddings, classes = clouds(900, spread=spread)
    check = label_noise(records(embeddings, flipped(classes, 0.3)), limit=0.15, alpha=0.05)
    assert check.verdict is Verdict.FAIL
    assert check.numbers["estimate"] == pytest.approx(0.3, abs=0.1)
    assert check.numbers["lower"] > 0.15
    core, wrong = int(check.numbers["core"]), int(check.numbers["contradicting"])
    assert check.why == (
        f"Of {core} records whose neighbours agree most, {wrong} have another label than these: "
        f"{wrong / core:.1%}, at least {check.numbers['lower']:.1%}. "
        "More than 15.0% wrong labels are too many."
    )


@pytest.mark.parametrize("spread", [APART, OVERLAPPING])
def test_classes_that_overlap_are_no_wrong_labels(spread: float) -> None:
    """Though neighbours of all records contradict as many labels as flips would make them."""
    embeddings, classes = clouds(900, spread=spread)
    check = label_noise(records(embeddings, classes), limit=0.15, alpha=0.05)
    assert check.verdict is Verdict.PASS
    assert check.numbers["estimate"] < 0.08


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3])
def test_estimate_is_about_the_share_of_flips(share: float) -> None:
    """As a mean over several datasets of clear classes."""
    estimates = []
    for seed in range(8):
        embeddings, classes = clouds(600, spread=APART, seed=seed)
        found = core_contradictions(records(embeddings, flipped(classes, share, seed)))
        assert len(found) == 150
        estimates.append(np.mean(found))
    assert np.mean(estimates) == pytest.approx(share, abs=0.03)


def test_a_few_above_the_limit_are_insufficient() -> None:
    """One in five of forty is not shown to be more than 15 %, nor fewer."""
    embeddings, classes = clouds(160, spread=APART)
    check = label_noise(records(embeddings, flipped(classes, 0.18)), limit=0.15, alpha=0.05)
    assert 0.15 < check.numbers["estimate"] < 0.25
    assert check.verdict is Verdict.INSUFFICIENT


@pytest.mark.parametrize("count", [0, 1, 25, 159])
def test_too_few_records_are_insufficient(count: int) -> None:
    """And no error."""
    embeddings, classes = clouds(count, spread=APART)
    check = label_noise(records(embeddings, classes), limit=0.15, alpha=0.05, required=True)
    assert (check.verdict, check.required) == (Verdict.INSUFFICIENT, True)
    assert check.why == f"{count} records: 160 are needed."


def test_the_order_of_the_records_decides_nothing() -> None:
    """A dataset that is sorted by class is judged like one that is not."""
    embeddings, classes = clouds(900, spread=APART)
    labels = flipped(classes, 0.3)
    order = np.argsort(classes, kind="stable")
    assert np.mean(core_contradictions(records(embeddings[order], labels[order]))) == pytest.approx(
        np.mean(core_contradictions(records(embeddings, labels))), abs=0.08
    )


def test_what_production_surely_contradicts_is_told_and_decides_nothing() -> None:
    """A model that new inputs make wrong and sure contradicts half of the right labels."""
    embeddings, classes = clouds(300, spread=APART)
    wrong = np.where(np.arange(300) < 150, (classes + 1) % 3, classes)
    sure = np.eye(3)[wrong]
    check = label_noise(
        records(embeddings, classes),
        limit=0.15,
        alpha=0.05,
        production=Answered(classes, sure),
        golden=Answered(classes, np.eye(3)[classes]),
    )
    assert check.verdict is Verdict.PASS
    assert (check.numbers["contradicted"], check.numbers["contradicted_golden"]) == (0.5, 0)
    assert check.why.endswith("Production surely contradicts 50.0%, 0.0% of the golden set.")


def test_a_contradiction_that_is_not_sure_does_not_count() -> None:
    """0.9 and less is not."""
    labels = np.array([0, 0, 0])
    answered = Answered(labels, np.array([[0.05, 0.95], [0.1, 0.9], [0.95, 0.05]]))
    assert answered.contradicted(0.9) == pytest.approx(1 / 3)


def test_a_regressor_has_no_labels_to_check() -> None:
    """Who asks is told."""
    with pytest.raises(ValueError, match="regressor"):
        label_noise(records(np.zeros((300, 2)), None), limit=0.15, alpha=0.05)


@pytest.mark.parametrize(("seen", "count"), [(1, 40), (20, 100), (99, 100), (100, 100), (600, 1500)])
def test_bound_is_clopper_and_pearsons(seen: int, count: int) -> None:
    """A quantile of the beta distribution."""
    assert binomial_lower(seen, count, 0.05) == pytest.approx(
        beta.ppf(0.05, seen, count - seen + 1), abs=1e-9
    )
    assert binomial_lower(0, count, 0.05) == 0
