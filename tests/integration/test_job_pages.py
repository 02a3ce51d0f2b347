"""The job server's pages in a real Chromium, over a real worker: files handed in, watched and looked at."""

import os
import signal
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect, sync_playwright

from tests.colour_model import colour_image, write_colour_package
from tests.integration.conftest import MongodbServer
from tests.integration.jobs_program import JobsProgram, RabbitmqServer
from tests.stack.conftest import ARGUMENTS, CHROMIUM, QUIET
from tests.tensor_model import write_regressor, write_sign_classifier

MILLISECONDS = 30_000
MOST_BYTES = 2**20
HOSTILE = "<img src=x onerror=document.title='run'>.png"
DROPPED = """files => {
    const transfer = new DataTransfer();
    for (const [name, bytes] of files) transfer.items.add(new File([Uint8Array.from(bytes)], name));
    return transfer;
}"""
WATCHED = """() => {
    const bar = document.getElementById("job-bar");
    window.seen = [];
    new MutationObserver(() => window.seen.push(Number(bar.getAttribute("aria-valuenow"))))
        .observe(bar, { attributeFilter: ["aria-valuenow"] });
}"""
OVERFLOW = "() => document.scrollingElement.scrollWidth - innerWidth"


class Slot:
    """The package of the moment: a link that is replaced, as by a deployment."""

    def __init__(self, folder: Path) -> None:
        self.link = folder / "package"
        self.packages = {
            "colour": write_colour_package(folder / "colour"),
            "sign": write_sign_classifier(folder / "sign"),
            "regressor": write_regressor(folder / "regressor"),
            "none": folder,
        }
        self.put("colour")

    def put(self, name: str) -> None:
        """Put a package there."""
        draft = self.link.with_suffix(".new")
        draft.symlink_to(self.packages[name])
        draft.replace(self.link)


@pytest.fixture(scope="module")
def slot(tmp_path_factory: pytest.TempPathFactory) -> Slot:
    return Slot(tmp_path_factory.mktemp("slot"))


@pytest.fixture(scope="module")
def jobs(
    slot: Slot,
    broker: RabbitmqServer,
    shared_mongodb: MongodbServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[JobsProgram]:
    folder, uri = tmp_path_factory.mktemp("job_pages"), shared_mongodb.uri("job_pages")
    settings = {"MAX_JOB_BYTES": MOST_BYTES, "RABBITMQ_QUEUE": "job_pages"}
    with JobsProgram(folder, uri, broker.uri, slot.link, **settings).running() as program:
        yield program


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS + QUIET)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, jobs: JobsProgram, slot: Slot) -> Iterator[Page]:
    """Show the page of a model of images, and fail at an error in it."""
    slot.put("colour")
    page = browser.new_page(viewport={"width": 1200, "height": 900}, locale="en-GB")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    show(page, jobs)
    yield page
    page.close()
    assert errors == []


def show(page: Page, jobs: JobsProgram, path: str = "/predictions") -> None:
    page.goto(f"http://127.0.0.1:{jobs.server.port}{path}")


def payload(name: str, media_type: str, buffer: bytes) -> FilePayload:
    return {"name": name, "mimeType": media_type, "buffer": buffer}


def image(name: str, colour: str = "red", end: int | None = None) -> FilePayload:
    return payload(name, "image/png", colour_image(colour)[:end])


def table(names: Sequence[str], rows: Iterable[Sequence[object]]) -> FilePayload:
    lines = [",".join(map(str, line)) for line in [names, *rows]]
    return payload("rows.csv", "text/csv", "\n".join(lines).encode())


def choose(page: Page, *files: FilePayload) -> str:
    """Hand files in, and return the job's id once it is done and drawn."""
    page.set_input_files("#files", files)
    return wait_until_drawn(page)


def wait_until_drawn(page: Page) -> str:
    expect(page.locator("#state")).to_have_text("Done", timeout=MILLISECONDS)
    expect(page.locator("#charts .card")).not_to_have_count(0, timeout=MILLISECONDS)
    return page.url.partition("#")[2]


def panel(page: Page, name: str) -> list[str]:
    """Return the words of a chart, line by line."""
    return page.locator(f'#charts [aria-label="{name}"]').inner_text().splitlines()


def counts(page: Page, name: str) -> list[int]:
    """Return the heights of a histogram, in inputs."""
    columns = page.locator(f'#charts [aria-label="{name}"] .histogram i')
    return [int(one.get_attribute("data-count") or "") for one in columns.all()]


def test_dropped_images_become_a_job_and_its_charts(page: Page, jobs: JobsProgram) -> None:
    """The bar goes on to the end; the charts count what the results say."""
    colours = ["red"] * 48 + ["green"] * 30 + ["blue"] * 18
    files = [(f"{number}.png", list(colour_image(colour))) for number, colour in enumerate(colours)]
    files.append(("broken.png", list(colour_image("red")[:60])))
    page.evaluate(WATCHED)
    page.dispatch_event("#drop", "drop", {"dataTransfer": page.evaluate_handle(DROPPED, files)})
    job = wait_until_drawn(page)
    expect(page.locator("#job-bar")).to_have_attribute("aria-valuenow", "97")
    seen = page.evaluate("() => window.seen")
    assert (seen, seen[-1]) == (sorted(seen), 97)

    *answered, broken = jobs.results(job)
    said = Counter(one["likely_class"] for one in answered)
    assert said == {"red": 48, "green": 30, "blue": 18}
    words = panel(page, "Classes")
    assert {word: int(words[words.index(word) + 1].split()[0]) for word in said} == said
    bins = Counter(min(int(10 * one["probability"]), 9) for one in answered)
    assert counts(page, "Confidence") == [bins[place] for place in range(10)]
    failures = page.locator(".failures tbody tr")
    expect(failures).to_have_count(1)
    expect(failures.locator("td")).to_have_text([broken["error"], "1", "broken.png"])


def test_a_past_job_opens_again(page: Page, jobs: JobsProgram) -> None:
    """From the list, by its address, and after a reload."""
    job = choose(page, image("one.png", "green"), image("two.png"))
    show(page, jobs, "/")
    show(page, jobs)
    newest = page.locator("#past-rows tr").first
    expect(newest.locator("td")).to_contain_text(["colour, version 1", "done", "2", "0"])
    newest.get_by_role("link").press("Enter")
    assert wait_until_drawn(page) == job
    expect(newest).to_have_attribute("aria-current", "true")
    page.reload()
    assert wait_until_drawn(page) == job


def test_a_file_name_is_text(page: Page) -> None:
    """Whatever it says."""
    choose(page, image(HOSTILE, end=60), image("good.png"))
    expect(page.locator(".failures li")).to_have_text([HOSTILE])
    assert page.locator("main img").count() == 0
    expect(page).to_have_title("Done · Predictions")


def test_a_job_without_an_answer_has_failed(page: Page) -> None:
    """Its page says why, and draws nothing else."""
    page.set_input_files("#files", [image("one.png", end=60), image("two.png", end=60)])
    expect(page.locator("#state")).to_have_text("Failed", timeout=MILLISECONDS)
    expect(page.locator("#charts h2")).to_have_text(["2 inputs failed"], timeout=MILLISECONDS)
    expect(page.locator("#past-rows .pill").first).to_have_text("failed")


def test_a_phone_shows_all_of_it(page: Page, jobs: JobsProgram, slot: Slot) -> None:
    """Nothing is wider than the screen, neither long names nor many of them; a wide matrix scrolls alone."""
    page.set_viewport_size({"width": 375, "height": 700})
    choose(page, image("x" * 200 + ".png", end=60), image("good.png"))
    assert page.evaluate(OVERFLOW) <= 0
    slot.put("sign")
    show(page, jobs)
    labels = [f"a label of many words {number}" for number in range(12)]
    choose(page, table(("x1", "x2", "x3", "label"), [(1, 2, 3, label) for label in labels]))
    lines = page.locator(".confusion tbody tr")
    expect(lines).to_have_count(12)
    box = lines.first.bounding_box()
    assert box
    assert box["height"] < 60
    assert page.evaluate(OVERFLOW) <= 0
    show(page, jobs, "/")
    assert page.evaluate(OVERFLOW) <= 0


def test_answers_are_compared_with_labels(page: Page, jobs: JobsProgram, slot: Slot) -> None:
    """Of a classifier accuracy and confusion, of a regressor the root of the mean squared error."""
    slot.put("sign")
    show(page, jobs)
    expect(page.locator(".names")).to_contain_text("x1x2x3")
    rows = [(1, 1, 1, "positive")] * 5 + [(-1, 0, 0, "negative")] * 2 + [(-1, 0, 0, "positive")]
    job = choose(page, table(("x1", "x2", "x3", "label"), rows))
    assert panel(page, "Answers and labels")[1:5] == ["Accuracy", "87.5 %", "Labelled answers", "8"]
    cells = page.locator(".confusion tbody tr")
    expect(cells).to_have_text(["negative20", "positive15"])
    summary = jobs.request("GET", f"/jobs/{job}/summary").json()
    assert summary["labelled"]["confusion"] == {
        "negative": {"negative": 2},
        "positive": {"negative": 1, "positive": 5},
    }
    slot.put("regressor")
    show(page, jobs)
    choose(page, table(("x1", "x2", "label"), [(0, 0, 1), (1, 0, 7)]))
    assert panel(page, "Answers and labels")[1:] == ["RMSE", "2.121", "Labelled answers", "2"]
    assert sum(counts(page, "Values")) == 2


def test_a_label_that_every_object_has_is_a_label(page: Page, jobs: JobsProgram, slot: Slot) -> None:
    """Its row and its column hold numbers."""
    slot.put("sign")
    show(page, jobs)
    choose(page, table(("x1", "x2", "x3", "label"), [(1, 1, 1, "constructor"), (1, 1, 1, "__proto__")]))
    rows = page.locator(".confusion tbody tr")
    expect(rows).to_have_text(["__proto__001", "constructor001"])


@pytest.mark.parametrize(
    ("file", "title", "advice"),
    [
        (
            payload("many.zip", "application/zip", bytes(MOST_BYTES + 1)),
            "too large",
            "Hand them in as several",
        ),
        (payload("notes.txt", "text/plain", b"words"), "does not take that", "Send images"),
        (payload("empty.png", "image/png", b""), "do not fit", "Send an image"),
    ],
)
def test_a_refusal_is_told_with_what_to_do(page: Page, file: FilePayload, title: str, advice: str) -> None:
    """In words; what would be refused again is not offered again."""
    page.set_input_files("#files", file)
    refusal = page.get_by_role("alert")
    expect(refusal).to_contain_text(title)
    expect(refusal).to_contain_text(advice)
    expect(page.get_by_role("button", name="Try again")).to_be_hidden()


def test_what_may_pass_can_be_tried_again(page: Page, slot: Slot) -> None:
    """As while the package is no good."""
    slot.put("none")
    page.set_input_files("#files", [image("good.png")])
    expect(page.get_by_role("alert")).to_contain_text("Not now")
    slot.put("colour")
    page.get_by_role("button", name="Try again").click()
    wait_until_drawn(page)


def test_a_server_that_is_away_is_asked_again(page: Page) -> None:
    """With the same files, where somebody says so."""
    page.route("**/jobs", lambda route: route.abort(), times=1)
    page.set_input_files("#files", [image("good.png")])
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
    page.get_by_role("button", name="Try again").click()
    wait_until_drawn(page)


@pytest.mark.parametrize(
    ("status", "content_type", "body"),
    [(200, "text/event-stream", "retry: 100\n\n"), (503, "application/problem+json", "{}")],
)
def test_the_bar_goes_on_after_the_server_was_away(
    page: Page, status: int, content_type: str, body: str
) -> None:
    """A stream that ends too early, or is refused for a while, is asked for again."""
    page.route(
        "**/events",
        lambda route: route.fulfill(status=status, content_type=content_type, body=body),
        times=1,
    )
    page.set_input_files("#files", [image("good.png")])
    expect(page.locator("#away")).to_contain_text("does not answer")
    wait_until_drawn(page)
    expect(page.locator("#away")).to_be_empty()


def test_a_job_that_is_none_is_told(page: Page) -> None:
    """As of an old link; the files of the next job take its place."""
    page.goto(f"{page.url}#nothing")
    expect(page.get_by_role("alert")).to_contain_text("There is no such job")
    choose(page, image("good.png"))
    expect(page.get_by_role("alert")).to_be_hidden()


def test_a_job_can_be_cancelled(page: Page, jobs: JobsProgram) -> None:
    """By its button; the worker that hangs meanwhile finds nothing to do."""
    (worker,) = jobs.workers
    os.killpg(worker.process.pid, signal.SIGSTOP)
    try:
        page.set_input_files("#files", [image("good.png")])
        expect(page.locator("#state")).to_have_text("Waiting for a worker", timeout=MILLISECONDS)
        page.get_by_role("button", name="Cancel").click()
        expect(page.locator("#state")).to_have_text("Cancelled")
        expect(page.get_by_role("button", name="Cancel")).to_be_hidden()
    finally:
        os.killpg(worker.process.pid, signal.SIGCONT)


@pytest.mark.parametrize(("form", "media_type"), [("csv", "text/csv"), ("jsonl", "application/x-ndjson")])
def test_a_link_downloads_the_results(page: Page, jobs: JobsProgram, form: str, media_type: str) -> None:
    """Under the job's name, and the same as `Accept` gives."""
    job = choose(page, image("good.png"))
    with page.expect_download() as download:
        page.locator(f"#as-{form}").click()
    assert download.value.suggested_filename == f"job-{job}.{form}"
    asked = jobs.request("GET", f"/jobs/{job}/results", headers={"Accept": media_type})
    assert download.value.path().read_text("utf-8").split() == asked.text.split()


def test_the_pages_say_what_the_model_takes(jobs: JobsProgram, slot: Slot) -> None:
    """The one of the moment, and also that there is none; no page runs what is not a file of ours."""
    for name, words in [("colour", "images"), ("sign", "<li>x3</li>"), ("none", "model.toml")]:
        slot.put(name)
        for path in ("/", "/predictions"):
            answer = jobs.request("GET", path)
            assert words in answer.text
            assert "script-src 'self'" in answer.headers["content-security-policy"]
    slot.put("colour")
    assert jobs.request("GET", "/static/predictions.html").status_code == 404
