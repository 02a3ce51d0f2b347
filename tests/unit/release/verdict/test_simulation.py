"""Releases that are played again and again, with a seed: how often a verdict is wrong, and how soon right."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from release.simulation import __main__ as program
from release.simulation import figures
from release.simulation.chart import line_chart
from release.simulation.single_gates import (
    Requests,
    buckets,
    median_of,
    repeat,
    share_of,
    until_accuracy,
    until_drift,
    until_latency,
    until_mismatch,
)
from release.simulation.whole_releases import Slot
from release.verdict.gate import FAIL_ALPHA, Gate, Verdict
from release.verdict.latency import BUCKET_SECONDS

ALIKE = {
    "errors": figures.EQUAL_ERRORS,
    "errors that rise with the share": figures.RISING_ERRORS,
    "accuracy": figures.EQUAL_ACCURACY,
}


@pytest.mark.parametrize("requests", ALIKE.values(), ids=ALIKE.keys())
def test_a_candidate_that_is_no_worse_is_hardly_ever_blamed(requests: Requests) -> None:
    """By one gate in at most 1 % of the releases, looked at some two hundred times."""
    assert figures.coins("", "", requests, FAIL_ALPHA, 200).share <= 0.01


@pytest.mark.parametrize(
    ("requests", "most"),
    [
        pytest.param(figures.TENFOLD_ERRORS, 320, id="errors 10 % against 1 %"),
        pytest.param(figures.WORSE_BY_TEN, 420, id="accuracy 0.85 against 0.95"),
        pytest.param(figures.WORSE_BY_FIVE, 4000, id="accuracy 0.85 against 0.90"),
    ],
)
def test_a_gate_of_its_own_finds_a_worse_candidate_as_soon_as_is_known_of_the_rule(
    requests: Requests, most: float
) -> None:
    """Always, and in half of the releases by so many requests or labels of both slots."""
    found = figures.coins("", "", requests, figures.LOOSE_ALPHA, 100)
    assert found.share == 1
    assert found.median <= most


def test_a_candidate_that_turns_bad_late_is_found() -> None:
    """Twenty thousand good requests before make it slower, not blind: two thousand more do in half."""
    late = Requests([0.01] * 200 + [0.10] * 40, 0.01, looks=240, requests_a_look=100)
    found = figures.coins("", "", late, FAIL_ALPHA, 50)
    assert found.share == 1
    assert 200 * 100 < found.median <= 220 * 100


def test_one_gate_of_eight_takes_at_most_two_thirds_more() -> None:
    """That is the price of eight gates that together blame as rarely as one."""
    for requests, most in ((figures.TENFOLD_ERRORS, 420), (figures.WORSE_BY_TEN, 680)):
        found = figures.coins("", "", requests, FAIL_ALPHA, 100)
        assert found.share == 1
        assert found.median <= most


@pytest.mark.parametrize(
    "requests",
    [
        pytest.param(figures.AT_THE_MARGIN, id="0.90 against 0.95"),
        pytest.param(Requests(0.07, 0.02, looks=200, requests_a_look=50), id="0.93 against 0.98"),
        pytest.param(Requests(0.20, 0.15, looks=200, requests_a_look=50, share=0.5), id="0.80 against 0.85"),
    ],
)
def test_accuracy_hardly_ever_passes_a_candidate_that_is_worse_by_the_margin(requests: Requests) -> None:
    """In at most 3 % of the releases."""
    endings = repeat(
        figures.SEED, 200, lambda random: until_accuracy(Verdict.PASS, requests.draw(random), FAIL_ALPHA)
    )
    assert share_of(endings) <= 0.03


def test_accuracy_passes_a_candidate_that_is_as_good() -> None:
    """In every release that goes on, and soon enough to wait for."""
    passed = repeat(
        figures.SEED,
        100,
        lambda random: until_accuracy(Verdict.PASS, figures.EQUAL_ACCURACY.draw(random), FAIL_ALPHA),
    )
    assert share_of(passed) >= 0.97
    assert median_of(passed) < 2000


@pytest.mark.parametrize(
    ("ratio", "verdict", "least", "most"),
    [
        pytest.param(1.0, Verdict.FAIL, 0, 0.02, id="as fast is not blamed"),
        pytest.param(1.0, Verdict.PASS, 0.98, 1, id="as fast passes"),
        pytest.param(1.5, Verdict.FAIL, 0.99, 1, id="half as slow again is found"),
        pytest.param(1.5, Verdict.PASS, 0, 0, id="half as slow again never passes"),
    ],
)
def test_latency_in_ten_minutes(ratio: float, verdict: Verdict, least: float, most: float) -> None:
    """Of a service whose slots have slow times of their own, some longer than a bucket."""
    endings = repeat(
        figures.SEED, 150, lambda random: until_latency(verdict, buckets(random, ratio, count=120))
    )
    assert least <= share_of(endings) <= most


def test_latency_is_found_within_a_minute_and_a_half() -> None:
    """In half of the releases of a candidate that takes half as long again."""
    endings = repeat(
        figures.SEED, 100, lambda random: until_latency(Verdict.FAIL, buckets(random, 1.5, count=120))
    )
    assert median_of(endings) <= 90


@pytest.mark.parametrize(
    ("served", "least", "most"),
    [(0.2, 0, 0), (0.25, 1, 1), (0.8, 1, 1)],
    ids=["right", "a quarter more", "swapped"],
)
def test_a_mismatch_is_found_and_none_is_made_up(served: float, least: float, most: float) -> None:
    """In two hundred looks at a wanted share of a fifth."""
    endings = repeat(figures.SEED, 100, lambda random: until_mismatch(random, 0.2, served))
    assert least <= share_of(endings) <= most


@pytest.mark.parametrize("windows", [figures.QUIET_WINDOWS, figures.DRIFTING_WINDOWS], ids=["few", "half"])
def test_windows_that_drift_alike_hardly_ever_fail(windows: Requests) -> None:
    """In at most 1 % of steps of two hundred windows, looked at after each."""
    endings = repeat(figures.SEED, 200, lambda random: until_drift(windows.draw(random)))
    assert share_of(endings) <= 0.01


def test_common_tests_at_each_look_blame_good_candidates() -> None:
    """The coins, with the same alpha, keep to it.

    Fisher's test and the z-test blame more than a seventh; Fisher's nearly all where shares and rates rise.
    """
    errors, rising, labelled = figures.contrasts(200)
    assert errors.naive_share > 0.15
    assert rising.naive_share > 0.9
    assert labelled.naive_share > 0.15
    assert max(one.gate_share for one in (errors, rising, labelled)) <= figures.LOOSE_ALPHA


def test_whole_releases_are_judged_by_the_programs_own_gates(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `release.gates` says at a look is what decides."""
    failed = Gate("error_rate", Verdict.FAIL, "It is said so.", {})
    monkeypatch.setattr("release.gates.failures.error_rate", lambda _: failed)
    played = figures.releases("", figures.GOOD, figures.GOOD, 0.0, runs=1)
    assert played.share("rollback: error_rate") == 1
    assert played.seconds == BUCKET_SECONDS


def test_a_good_candidate_is_promoted() -> None:
    """By all gates together, with at most 2 % that are taken back, in some minutes."""
    good = figures.releases("", figures.GOOD, figures.GOOD, 0.0, runs=50)
    assert good.share("rollback") <= 0.02
    assert good.share("promote") >= 0.96
    assert good.seconds < 600


BAD = [kind for kind in figures.KINDS if kind[0] not in {"a candidate that is as good", "drift on both"}]
ENDS = (
    "rollback: error_rate",
    "rollback: slow_requests",
    "rollback: latency",
    "rollback: accuracy",
    "rollback: accuracy",
    "rollback: labels",
    "rollback: confidence",
    "rollback: drift",
    "hold: sample_ratio",
)


@pytest.mark.parametrize(("kind", "end"), list(zip(BAD, ENDS, strict=True)), ids=[kind[0] for kind in BAD])
def test_a_bad_candidate_is_never_promoted(kind: tuple[str, Slot, Slot, float], end: str) -> None:
    """And nearly always taken back, or held, by the gate that it is bad for."""
    played = figures.releases(*kind, runs=8)
    assert played.share("promote") == 0
    assert played.share(end) >= 0.9


def test_drift_on_both_slots_is_promoted() -> None:
    """The traffic changed, which is no fault of the candidate's."""
    changed = figures.releases("", Slot(drifted=1.0), Slot(drifted=1.0), 0.0, runs=12)
    assert changed.share("promote") == 1


def test_the_same_seed_plays_the_same() -> None:
    """Figures can be had again."""
    one, two = (figures.releases("", figures.GOOD, figures.GOOD, 0.0, runs=2) for _ in range(2))
    assert one == two


def test_the_page_names_the_tables_place() -> None:
    """docs/releases.md has both marks between which the tables are written, and the plots that are drawn."""
    page = (program.DOCS / "releases.md").read_text("utf-8")
    assert page.index(program.BEGIN) < page.index(program.END)
    for name in ("evidence", "peeking", "power"):
        assert f"images/release_{name}.svg" in page
        assert (program.DOCS / "images" / f"release_{name}.svg").is_file()


def test_a_chart_is_svg_with_a_line_for_each_name() -> None:
    """And its words are safe in it."""
    lines = {"a < b": [(0.0, 0.0), (2.0, 1.0)], "c": [(0.0, 1.0), (2.0, 5.0)]}
    chart = ET.fromstring(line_chart("t & t", "x", "y", lines, {0.0: "none", 1.0: "all"}))
    assert {"t & t", "a < b", "c", "none", "all"} <= {
        text.text for text in chart.iter("{http://www.w3.org/2000/svg}text")
    }
    paths = [path.get("d", "") for path in chart.iter("{http://www.w3.org/2000/svg}path") if path.get("fill")]
    assert len(paths) == 2
    ends = [path.rpartition("L")[2].split() for path in paths]
    assert ends[0] == ends[1], "what is above the axis is drawn at its end"
    assert np.all(np.array(ends, dtype=float) > 0)
