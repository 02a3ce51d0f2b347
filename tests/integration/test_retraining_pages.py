"""The retraining program's pages in a real Chromium, over a folder of made-up runs."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, Request, expect, sync_playwright

from retraining.report.keeping import REPORT
from retraining.runs.run import Outcome, Run, Step
from tests.colour_model import write_colour_package
from tests.integration.server_program import ServerProgram
from tests.stack.conftest import ARGUMENTS, CHROMIUM, QUIET
from tests.unit.retraining.report.made_up import (
    HOSTILE,
    Made,
    check_result,
    collect_result,
    judge_result,
    made,
    run_of,
    task_of,
    whole_run,
    write_run,
)
from tests.waiting import until

MILLISECONDS = 15_000
TOKEN = "a" * 32
OVERFLOW = "() => document.scrollingElement.scrollWidth - innerWidth"
SIZES = {"desktop": (1200, 900), "phone": (375, 700)}


class Program:
    """The program over made-up runs; its data are never prepared, so that no run goes on by itself."""

    def __init__(self, folder: Path) -> None:
        package = write_colour_package(folder / "package")
        self.package, self.made = package, made(task_of(package), (9, 3))
        self.runs = folder / "data" / self.made.task.key / "runs"
        self.runs.mkdir(parents=True)
        (self.runs.parent / "inbox").write_text("in the way of a folder", "utf-8")
        settings = {
            "MODEL_PACKAGE": package,
            "TRAINING_DATA": folder / "data",
            "MODELS": folder / "models",
            "RELEASE_TOKEN": TOKEN,
        }
        self.server = ServerProgram("retraining", folder / "retraining.log", settings)

    def write(self, run: Run, *, with_files: bool = False) -> Path:
        """Write a run's folder."""
        return write_run(self.runs, run, *((self.made, self.package) if with_files else ()))

    def write_all(self) -> None:
        """Write a run of each end."""
        of: Made = self.made
        known = {"collect": collect_result(of), "check": check_result(of)}
        self.write(whole_run(of), with_files=True)
        self.write(run_of(Outcome.TOO_FEW_RECORDS, "12 came", until="collect", number=1))
        self.write(run_of(Outcome.DATA_REFUSED, HOSTILE, until="check", number=2, **known), with_files=True)
        judged = judge_result(of)
        refused = run_of(
            Outcome.GATE_REFUSED, "it is worse", until="judge", number=3, **known, judge=judged
        ).model_copy(update={"who": HOSTILE, "why": "x" * 500})
        self.write(refused, with_files=True)

    def url(self, path: str = "/") -> str:
        """Return a page's address."""
        return f"http://127.0.0.1:{self.server.port}{path}"

    def answers(self) -> bool:
        """Tell whether it serves; it is never ready."""
        assert self.server.running, self.server.output.read_text()
        try:
            return self.server.get("/healthz").status_code == 200
        except httpx.TransportError:
            return False


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    program = Program(tmp_path_factory.mktemp("retraining_pages"))
    program.write_all()
    program.server.start()
    until("the program answers", program.answers, 120)
    yield program
    program.server.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS + QUIET)
        yield browser
        browser.close()


@pytest.fixture(params=SIZES)
def page(request: pytest.FixtureRequest, browser: Browser, program: Program) -> Iterator[Page]:
    """A page that fails at an error in it, and where it asks another host for anything."""
    width, height = SIZES[request.param]
    page = browser.new_page(viewport={"width": width, "height": height}, locale="en-GB")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)

    def note(asked: Request) -> None:
        if not asked.url.startswith((program.url(), "data:", "file:")):
            errors.append(asked.url)

    page.on("request", note)
    yield page
    page.close()
    assert errors == []


def under_way(program: Program) -> Run:
    """Return a run that trains now, begun after all others."""
    now = datetime.now(UTC)
    run = run_of(None, until="check", collect=collect_result(program.made))
    run = run.model_copy(
        update={"id": f"{now:%Y%m%dT%H%M%SZ}", "begun_at": now - timedelta(minutes=2), "who": HOSTILE}
    )
    return run.with_step("train", Step(begun_at=now - timedelta(seconds=40)))


def test_the_first_page_has_all_runs(page: Page, program: Program) -> None:
    """The newest first, each with its end and its reason, and how to begin one."""
    page.goto(program.url())
    items = page.locator("#runs li")
    expect(items).to_have_count(4, timeout=MILLISECONDS)
    expect(items.locator(".pill")).to_have_text(
        ["gate refused", "data refused", "too few records", "promoted"]
    )
    expect(items.nth(1).locator(".reason")).to_have_text(HOSTILE)
    expect(page.locator("#none")).to_contain_text("make retrain")
    assert page.locator("main img").count() == 0
    assert page.evaluate(OVERFLOW) <= 0


def test_the_run_under_way_is_watched(page: Page, program: Program) -> None:
    """Its steps go on while one looks, and in the end it is among those that have ended."""
    run = under_way(program)
    folder = program.write(run)
    try:
        (folder / "fit.log").write_text("training:  10%|#", "utf-8")
        page.goto(program.url())
        step = page.locator('#steps [aria-current="step"]')
        expect(step.locator(".name")).to_have_text("train under way", timeout=MILLISECONDS)
        expect(page.locator("#now-by")).to_contain_text(HOSTILE)
        expect(step.locator(".says")).to_have_text("training: 10%|#")
        (folder / "fit.log").write_text("training:  10%|#\rtraining:  60%|######", "utf-8")
        expect(step.locator(".track i")).to_have_attribute("style", "width: 60%;", timeout=MILLISECONDS)
        waits = Step(
            begun_at=run.begun_at, waits_for="release r7: canary, 25 %", fault="no answer", failures=1
        )
        done = run.steps["train"].model_copy(update={"ended_at": datetime.now(UTC)})
        program.write(run := run.with_step("train", done).with_step("release", waits))
        expect(step.locator(".says")).to_have_text("release r7: canary, 25 %", timeout=MILLISECONDS)
        expect(step.locator(".fault")).to_have_text("failed once: no answer")
        assert page.evaluate(OVERFLOW) <= 0
        ended = {
            "outcome": Outcome.FAILED,
            "reason": "it failed",
            "ended_at": datetime.now(UTC),
            "told": True,
        }
        program.write(run.model_copy(update=ended))
        expect(page.locator("#runs li").first).to_contain_text("The run failed", timeout=MILLISECONDS)
        expect(page.locator("#now")).to_be_hidden()
    finally:
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()


def test_a_program_that_is_away_is_asked_again(page: Page, program: Program) -> None:
    """What was seen stays; that it is not new is said."""
    page.goto(program.url())
    expect(page.locator("#runs li")).to_have_count(4, timeout=MILLISECONDS)
    page.route(
        "**/overview",
        lambda route: route.fulfill(status=200, body="no JSON", content_type="text/plain"),
        times=1,
    )
    page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#away")).to_be_visible(timeout=MILLISECONDS)
    expect(page.locator("#runs li")).to_have_count(4)
    expect(page.locator("#away")).to_be_hidden(timeout=MILLISECONDS)


def test_a_report_is_looked_at(page: Page, program: Program) -> None:
    """From the list: its figures, matrices, pictures of mistakes, charts; none is wider than the screen."""
    page.goto(program.url())
    page.locator("#runs a").last.click()
    expect(page.locator("h1")).to_have_text("A renewed model is in production", timeout=MILLISECONDS)
    expect(page.locator(".tile").first).to_contain_text("92.5 % → 97.5 %")
    expect(page.locator(".confusion")).to_have_count(4)
    assert page.locator(".pictures img").count() > 0
    loaded = page.locator(".pictures img").evaluate_all("all => all.every(one => one.naturalWidth > 0)")
    assert loaded
    assert page.locator("figure.chart svg").count() == 4
    coloured = "one => getComputedStyle(one).stroke !== 'none'"
    assert page.locator("figure.chart .candidate polyline").first.evaluate(coloured)
    assert page.evaluate(OVERFLOW) <= 0


def test_a_report_of_a_run_that_ended_early(page: Page, program: Program) -> None:
    """It says why; what strangers wrote is text."""
    for number, words in enumerate(["it is worse", HOSTILE, "12 came"]):
        page.goto(program.url())
        page.locator("#runs a").nth(number).click()
        expect(page.locator(".lead")).to_contain_text(words, ignore_case=True, timeout=MILLISECONDS)
        expect(page.locator(".kept")).to_have_text("Production stays as it is.")
        assert page.evaluate(OVERFLOW) <= 0


def test_a_kept_report_opens_without_the_program(page: Page, program: Program, tmp_path: Path) -> None:
    """As a file, with its style and its pictures."""
    run = whole_run(program.made)
    kept = tmp_path / REPORT
    kept.write_bytes(program.server.get(f"/runs/{run.id}/report").content)
    page.goto(kept.as_uri())
    expect(page.locator("h1")).to_have_text("A renewed model is in production")
    assert page.locator(".card").first.evaluate("one => getComputedStyle(one).borderRadius") == "14px"
    assert page.locator(".pictures img").first.evaluate("one => one.naturalWidth") > 0


def test_pages_change_nothing_and_run_nothing_of_others(program: Program) -> None:
    """Each has a policy that allows its own files; a run that is none has no report."""
    for path in ("/", f"/runs/{whole_run(program.made).id}/report"):
        policy = program.server.get(path).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
    assert program.server.get("/runs/none/report").status_code == 404
    assert program.server.get("/static/index.html").status_code == 404
    assert program.server.get("/static/..%2Fapp.py").status_code == 404
