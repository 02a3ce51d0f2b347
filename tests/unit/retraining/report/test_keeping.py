"""retraining/report/: from a run's folder to a page that stands alone."""

import base64
import hashlib
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from retraining.report.keeping import REPORT, Reports
from retraining.runs.folder import Runs
from retraining.runs.run import Outcome, Run
from tests.unit.retraining.report.made_up import (
    HOSTILE,
    NOON,
    Made,
    check_result,
    collect_result,
    judge_result,
    made,
    run_of,
    whole_run,
    write_run,
)
from training_data.task import Task

REFERENCES = {"src", "srcset", "href", "xlink:href", "action", "data", "poster"}
ROOT = Path(__file__).parents[4]
ALLOWED = {
    *("html", "head", "meta", "title", "link", "style", "body", "main", "header", "section", "div", "span"),
    *("p", "h1", "h2", "h3", "b", "em", "dl", "dt", "dd", "table", "caption", "thead", "tbody", "tr", "th"),
    *("td", "figure", "figcaption", "img", "svg", "g", "rect", "line", "polyline", "circle", "text"),
}


class Seen(HTMLParser):
    """Collects a page's elements, what they refer to, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.references: list[str] = []
        self.policies: list[str] = []
        self.words = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note it."""
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.references += [value or "" for name, value in attrs if name in REFERENCES]

        if ("http-equiv", "Content-Security-Policy") in attrs:
            self.policies.append(dict(attrs)["content"] or "")

    def handle_data(self, data: str) -> None:
        """Note it."""
        self.words += data


def page_of(folder: Path, run: Run, of: Made, package: Path) -> str:
    write_run(folder / "runs", run, of, package)
    return Reports(Runs(folder / "runs"), of.task, lambda: NOON).make(run)


@pytest.mark.parametrize("kind", ["images", "rows", "values"])
def test_a_page_needs_nothing_else(
    kind: str, kinds: dict[str, Made], packages: dict[str, Path], tmp_path: Path
) -> None:
    """It runs nothing, asks nobody, and its style is the one that its policy allows."""
    page = page_of(tmp_path, whole_run(kinds[kind]), kinds[kind], packages[kind])
    seen = Seen(page)
    assert seen.elements <= ALLOWED
    assert all(one.startswith("data:") for one in seen.references)
    assert "style" not in seen.attributes
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'"
    assert any(one.startswith(policy) for one in seen.policies)
    assert "url(" not in style[1]
    assert "Loss of the training" in seen.words  # whose last line was cut off
    assert (page.count('<img src="data:image/jpeg') > 0) is (kind == "images")


def test_what_strangers_wrote_is_text(packages: dict[str, Path], tmp_path: Path) -> None:
    """Classes, ids, reasons, who and why, whatever they say."""
    of = made(Task("image", (), (HOSTILE, "b", "c")))
    judged = judge_result(of)
    for one in judged["new_mistakes"]:
        one["id"] = HOSTILE
    run = run_of(
        Outcome.GATE_REFUSED,
        HOSTILE,
        until="judge",
        collect=collect_result(of),
        check=check_result(of),
        judge=judged,
    ).model_copy(update={"who": HOSTILE, "why": HOSTILE})
    seen = Seen(page_of(tmp_path, run, of, packages["images"]))
    assert seen.elements <= ALLOWED
    assert "onerror" not in seen.attributes
    assert all(one.startswith("data:") for one in seen.references)
    assert seen.words.count(HOSTILE) > 10


def test_mistakes_are_shown_with_what_their_records_hold(
    kinds: dict[str, Made], packages: dict[str, Path], tmp_path: Path
) -> None:
    """Pictures of images, the values of rows."""
    page = page_of(tmp_path / "a", whole_run(kinds["images"]), kinds["images"], packages["images"])
    mistakes = judge_result(kinds["images"])["new_mistakes"]
    assert page.count('<img src="data:image/jpeg') == len(mistakes)
    rows = kinds["rows"]
    page = page_of(tmp_path / "b", whole_run(rows), rows, packages["rows"])
    first = judge_result(rows)["new_mistakes"][0]
    record = next(one for records in rows.records.values() for one in records if one.id == first["id"])
    assert f"{record.values[0]:.4g}" in Seen(page).words


def test_a_folder_that_has_lost_its_files_has_a_report(
    kinds: dict[str, Made], packages: dict[str, Path], tmp_path: Path
) -> None:
    """As after a prune of old data: the run's document alone says much."""
    of = kinds["images"]
    folder = write_run(tmp_path / "runs", whole_run(of), of, packages["images"])
    reports = Reports(Runs(tmp_path / "runs"), of.task, lambda: NOON)
    for shard in (tmp_path / "repository").rglob("*.zip"):
        shard.write_bytes(b"no shard")
    assert "no picture" in reports.make(whole_run(of))
    for path in folder.iterdir():
        if path.name != "run.json":
            path.write_bytes(b"damaged")
    assert "The offline gate" in reports.make(whole_run(of))


def test_a_kept_report_is_shown_as_it_is(tmp_path: Path) -> None:
    """What was said when the run ended stays; of a run under way nothing is kept."""
    reports = Reports(Runs(tmp_path), Task("row", ("x",), ()), lambda: NOON)
    run = run_of(Outcome.TOO_FEW_RECORDS, "few", until="collect")
    folder = write_run(tmp_path, run)
    reports.keep(run)
    kept = (folder / REPORT).read_text("utf-8")
    assert "Too few new records" in kept
    reports.keep(run.model_copy(update={"reason": "another"}))
    assert reports.page(run) == kept
    assert "This run is under way" in reports.page(run.model_copy(update={"outcome": None, "ended_at": None}))


def test_a_report_that_cannot_be_made_stops_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """People are told of the run all the same."""
    run = run_of(Outcome.FAILED, "it failed", until="check", check={"checks": "nonsense"})
    write_run(tmp_path, run)
    Reports(Runs(tmp_path), Task("row", ("x",), ()), lambda: NOON).keep(run)
    assert "no report" in caplog.text
    assert not (tmp_path / run.id / REPORT).exists()


def test_a_report_needs_no_pytorch() -> None:
    """The server's process is small."""
    code = "import sys, retraining.report.keeping, retraining.routes.pages; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
