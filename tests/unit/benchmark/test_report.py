"""The page names everybody, with ratios that follow from the data."""

from pathlib import Path

from benchmark.cases import MAIN, OF_REGRESSOR
from benchmark.report import render
from benchmark.results import load_results
from benchmark.tables import case_table
from tests.unit.benchmark.made_up import cell, made_up, replace


def test_the_ratios_are_to_the_limit_and_to_ours() -> None:
    """200/s is 35 % of a limit of 575/s, and ours at 460/s is 2.30 times as fast."""
    (row,) = [line for line in case_table(made_up(), MAIN).splitlines() if "of litserve" in line]
    assert [word.strip() for word in row.strip("|").split("|")][1:] == [
        "200", "100", "250", "0", "400", "35 %", "2.30x",
    ]  # fmt: skip


def test_the_limit_is_the_better_batch_size() -> None:
    """Of 500/s one by one and 575/s in batches of eight, the second is the limit."""
    assert "| **limit: the bare loop** | 575 |" in case_table(made_up(), MAIN)


def test_who_failed_is_a_row_with_the_reason() -> None:
    """A system that did not start is never silently absent."""
    results = made_up()
    results.measurements = [one for one in results.measurements if one.system != "bentoml"]
    results.complaints = {"bentoml": "bentoml ended with 1: no such module"}
    page = render(results)
    assert "| title of bentoml | not measured |" in page
    assert "title of bentoml: bentoml ended with 1: no such module" in page


def test_a_failed_regressor_is_not_among_the_images() -> None:
    """TorchServe's failure shows in its own cases only."""
    results = made_up()
    results.measurements = [one for one in results.measurements if one.system != "torchserve"]
    results.complaints = {"torchserve": "no java"}
    assert "torchserve" not in case_table(results, MAIN)
    assert "title of torchserve | not measured" in case_table(results, OF_REGRESSOR[0])
    assert "title of torchserve: no java" in render(results)


def test_a_disturbed_row_is_marked() -> None:
    """The reader sees which rates not to believe."""
    table = case_table(replace(made_up(), cell("lab", MAIN, 50, others=0.2)), MAIN)
    assert "| title of lab \\* |" in table


def test_percentiles_of_too_few_answers_are_lower_bounds() -> None:
    """With 64 connections and 50 answers, the slowest answers are still to come."""
    table = case_table(replace(made_up(), cell("lab", MAIN, 5, p50=800, p99=900)), MAIN)
    assert "| ≥ 800 | ≥ 900 |" in table


def test_raw_results_make_the_same_page(tmp_path: Path) -> None:
    """What was saved can be rendered again."""
    results = made_up()
    results.save(tmp_path / "raw.json")
    assert render(load_results(tmp_path / "raw.json")) == render(results)
