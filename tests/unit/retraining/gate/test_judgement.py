"""All checks together."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from retraining.check import Verdict
from retraining.gate.evidence import Answers, Latencies, Values
from retraining.gate.judgement import Judgement, judge_classifier, judge_regressor
from retraining.gate.thresholds import read_gate
from tests.unit.retraining.gate.made_up import CLASSES, answers, drawn, labels_in_turn, wrong_at

GATE = read_gate()
FAST = Latencies(np.full(7, 0.01), np.full(7, 0.011))
COUNT = 900


def of(name: str, candidate_wrong: slice, count: int = COUNT) -> Answers:
    """Return a set of which production has the first tenth wrong."""
    labels = labels_in_turn(count)
    production = wrong_at(count, slice(None, count // 10))
    return answers(labels, production, wrong_at(count, candidate_wrong), name=name)


def judged(golden: slice, held_out: slice, latencies: Latencies | None = FAST) -> Judgement:
    """Judge a candidate that has these examples wrong."""
    sets = [of("golden", golden), of("held-out", held_out)]
    return judge_classifier(GATE.classifier, sets, latencies, CLASSES)


AS_GOOD = slice(5, COUNT // 10 + 5)


def test_as_good_on_both_sets_passes() -> None:
    """With every check, and no reason against it."""
    found = judged(AS_GOOD, AS_GOOD)
    assert (found.verdict, found.reasons) == (Verdict.PASS, ())
    names = [check.name for check in found.checks]
    golden = ["accuracy_floor", "accuracy", *(f"recall[{name}]" for name in CLASSES)]
    golden += ["calibration_limit", "calibration"]
    assert names == ["examples", "examples", *golden, "accuracy", "calibration", "latency"]
    assert {check.verdict for check in found.checks} == {Verdict.PASS}


def test_worse_on_one_set_fails_with_that_sets_reasons() -> None:
    """However good it is on the other."""
    found = judged(slice(0, COUNT // 10 + 40), slice(5, 75))
    assert found.verdict is Verdict.FAIL
    assert found.reasons[0].startswith("accuracy (golden): Of 900 examples the candidate lost 40")
    assert all("(golden)" in reason for reason in found.reasons)
    assert len(found.new_mistakes) == 40
    assert {mistake.set for mistake in found.new_mistakes} == {"golden"}


def test_a_slow_candidate_fails() -> None:
    """By its latency alone."""
    found = judged(AS_GOOD, AS_GOOD, Latencies(np.full(7, 0.01), np.full(7, 0.02)))
    assert (found.verdict, len(found.reasons)) == (Verdict.FAIL, 1)
    assert found.reasons[0].startswith("latency: ")


def test_a_latency_that_was_not_measured_is_said_and_stops_nothing() -> None:
    """Unless it is required."""
    found = judged(AS_GOOD, AS_GOOD, None)
    assert found.verdict is Verdict.PASS
    assert found.checks[-1].why == "No latency was measured."
    assert GATE.classifier.latency
    required = GATE.classifier.latency.model_copy(update={"required": True})
    thresholds = GATE.classifier.model_copy(update={"latency": required})
    sets = [of("golden", AS_GOOD), of("held-out", AS_GOOD)]
    assert judge_classifier(thresholds, sets, None, CLASSES).verdict is Verdict.INSUFFICIENT


def test_a_required_set_that_is_absent_or_short_is_insufficient() -> None:
    """One hundred are needed, and no set may be left out."""
    golden = of("golden", AS_GOOD)
    alone = judge_classifier(GATE.classifier, [golden], FAST, CLASSES)
    assert alone.verdict is Verdict.INSUFFICIENT
    assert alone.reasons == ("examples (held-out): 0 examples; 100 are needed.",)
    for count, verdict in ((99, Verdict.INSUFFICIENT), (100, Verdict.PASS)):
        sets = [golden, of("held-out", slice(None, 10), count)]
        assert judge_classifier(GATE.classifier, sets, FAST, CLASSES).verdict is verdict


def test_an_empty_set_is_insufficient_and_no_error() -> None:
    """It is only counted."""
    sets = [of("golden", AS_GOOD), of("held-out", AS_GOOD, 0)]
    found = judge_classifier(GATE.classifier, sets, FAST, CLASSES)
    assert found.verdict is Verdict.INSUFFICIENT
    assert [check.name for check in found.checks if check.set == "held-out"] == ["examples"]


def test_a_required_accuracy_must_be_shown() -> None:
    """On two hundred examples it passes where it is not required."""
    sets = [of(name, slice(5, 25), 200) for name in ("golden", "held-out")]
    assert judge_classifier(GATE.classifier, sets, FAST, CLASSES).verdict is Verdict.PASS
    required = GATE.classifier.accuracy.model_copy(update={"required": True})
    thresholds = GATE.classifier.model_copy(update={"accuracy": required})
    found = judge_classifier(thresholds, sets, FAST, CLASSES)
    assert found.verdict is Verdict.INSUFFICIENT
    assert all("more examples would tell" in reason for reason in found.reasons)


def test_checks_without_a_table_are_not_made() -> None:
    """The accuracy remains."""
    optional = ("accuracy_floor", "recall", "calibration_limit", "calibration", "latency")
    thresholds = GATE.classifier.model_copy(update=dict.fromkeys(optional))
    found = judge_classifier(thresholds, [of("golden", AS_GOOD)], FAST, CLASSES)
    assert {check.name for check in found.checks} == {"examples", "accuracy"}
    values = [regression("golden", 0.05)]
    regressor = GATE.regressor.model_copy(update=dict.fromkeys(("rmse_limit", "latency")))
    assert {check.name for check in judge_regressor(regressor, values, FAST).checks} == {"examples", "rmse"}


def test_a_check_is_made_on_the_sets_that_it_names() -> None:
    """The floor on the golden set only: what is held out of new inputs may be harder, for production too."""
    labels = labels_in_turn(COUNT)
    harder = answers(labels, wrong_at(COUNT, slice(0, 400)), wrong_at(COUNT, slice(0, 250)), name="held-out")
    harder = replace(harder, production=harder.production * 0.7 + 0.1, candidate=harder.candidate * 0.7 + 0.1)
    found = judge_classifier(GATE.classifier, [of("golden", AS_GOOD), harder], FAST, CLASSES)
    assert found.verdict is Verdict.PASS
    everywhere = GATE.classifier.accuracy_floor
    assert everywhere
    thresholds = GATE.classifier.model_copy(
        update={"accuracy_floor": everywhere.model_copy(update={"sets": None})}
    )
    refused = judge_classifier(thresholds, [of("golden", AS_GOOD), harder], FAST, CLASSES)
    assert [reason.partition(":")[0] for reason in refused.reasons] == ["accuracy_floor (held-out)"]


def test_a_judgement_is_json() -> None:
    """Of `asdict`, with the numbers that decided it."""
    document = json.loads(json.dumps(asdict(judged(slice(0, COUNT // 10 + 40), AS_GOOD)), allow_nan=False))
    assert document["verdict"] == "fail"
    accuracy = next(check for check in document["checks"] if check["name"] == "accuracy")
    assert accuracy["numbers"]["lost"] == 40
    assert document["confusions"][0]["candidate"][0][0] == 300 - sum(
        document["confusions"][0]["candidate"][0][1:]
    )


def test_what_does_not_fit_is_an_error() -> None:
    """A set twice, or other classes."""
    golden = of("golden", AS_GOOD)
    with pytest.raises(ValueError, match="twice"):
        judge_classifier(GATE.classifier, [golden, replace(golden)], FAST, CLASSES)
    with pytest.raises(ValueError, match="3 probabilities for 2 classes"):
        judge_classifier(GATE.classifier, [golden], FAST, CLASSES[:2])


def passed(count: int, *, worse: float, repeats: int) -> float:
    """Return the share of candidates that pass the gate as shipped, on two sets of so many examples."""
    generator = np.random.default_rng(5)
    verdicts = [
        judge_classifier(
            GATE.classifier,
            [drawn(name, count, generator, worse=worse) for name in ("golden", "held-out")],
            FAST,
            CLASSES,
        ).verdict
        for _ in range(repeats)
    ]
    return verdicts.count(Verdict.PASS) / repeats


def test_the_whole_gate_is_as_often_wrong_as_the_readme_says() -> None:
    """An equal candidate nearly always passes, and with a thousand examples hardly any 3 points worse."""
    assert passed(300, worse=0, repeats=30) > 0.85
    assert passed(1000, worse=0, repeats=30) > 0.93
    assert passed(300, worse=0.24, repeats=30) < 0.4
    assert passed(1000, worse=0.24, repeats=30) < 0.1


def regression(name: str, candidate: float) -> Values:
    """Return values of a production that is off by 0.05, and of a candidate that is off by so much."""
    generator = np.random.default_rng(3)
    noise = generator.normal(size=500)
    targets = generator.uniform(0, 5, 500)
    ids = [str(row) for row in range(500)]
    return Values(name, ids, targets, targets + 0.05 * noise, targets + candidate * noise)


@pytest.mark.parametrize(
    ("candidate", "failed"), [(0.05, []), (0.06, ["rmse"]), (0.12, ["rmse_limit", "rmse"]), (0.02, [])]
)
def test_a_regressor_is_judged_by_its_error(candidate: float, failed: list[str]) -> None:
    """By the limit, and against production."""
    sets = [regression("golden", candidate), regression("held-out", 0.05)]
    found = judge_regressor(GATE.regressor, sets, FAST)
    assert [check.name for check in found.checks if check.verdict is Verdict.FAIL] == failed
    assert found.verdict is (Verdict.FAIL if failed else Verdict.PASS)
