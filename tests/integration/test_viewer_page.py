"""What the viewer's page draws of decisions, in a real Chromium, over a Prometheus that the test writes."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import combinations
from urllib.parse import parse_qs

import httpx
import pytest
import uvicorn
from playwright.sync_api import FloatRect, Page, expect, sync_playwright

from grafana.viewer.app import create_app
from grafana.viewer.settings import ViewerSettings
from tests.ports import free_port
from tests.stack.conftest import ARGUMENTS, CHROMIUM, QUIET

SPLIT = '[aria-label="Split wanted and served"]'


class FakePrometheus:
    """Answers what asks for decisions with these, for the split with one line, and else with nothing."""

    def __init__(self, seconds_ago: dict[str, float]) -> None:
        self._seconds_ago = seconds_ago

    def __call__(self, request: httpx.Request) -> httpx.Response:
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        end = float(form.get("end", form.get("time", "0")))
        if form["query"] == "1000 * release_decision_timestamp_seconds":
            result = [
                {"metric": {"decision": word}, "values": [[end, f"{1000 * (end - ago):.0f}"]]}
                for word, ago in self._seconds_ago.items()
            ]
        elif "release_weight" in form["query"]:
            values = [[at, "0.5"] for at in range(int(end) - 1800, int(end), 5)]
            result = [{"metric": {"slot": "model_server"}, "values": values}]
        else:
            result = []
        return httpx.Response(200, json={"status": "success", "data": {"result": result}})


@contextmanager
def viewer(prometheus: FakePrometheus) -> Iterator[str]:
    """Serve the viewer over it."""
    asking = httpx.AsyncClient(base_url="http://prometheus", transport=httpx.MockTransport(prometheus))
    port = free_port()
    app = create_app(ViewerSettings(), asking)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS + QUIET)
        yield browser.new_page(viewport={"width": 1400, "height": 900})
        browser.close()


def boxes(page: Page, of: str) -> list[FloatRect]:
    """Return where the words in a panel stand."""
    found = [one.bounding_box() for one in page.locator(f"{of} .annotation-text").all()]
    return [box for box in found if box]


def overlap(one: FloatRect, other: FloatRect) -> bool:
    beside = one["x"] + one["width"] <= other["x"] or other["x"] + other["width"] <= one["x"]
    below = one["y"] + one["height"] <= other["y"] or other["y"] + other["height"] <= one["y"]
    return not beside and not below


def test_a_decisions_word_stands_at_its_line(page: Page) -> None:
    """No word covers another one or leaves the plot; the box at the top switches them off."""
    with viewer(FakePrometheus({"start": 900, "hold": 895, "promote": 1})) as url:
        page.goto(f"{url}/d/release")
        words = page.locator(f"{SPLIT} .annotation-text")
        expect(words).to_have_count(3, timeout=30_000)
        assert set(words.all_text_contents()) == {"start", "hold", "promote"}
        assert page.locator(f"{SPLIT} .shapelayer path").count() == 3
        found = boxes(page, SPLIT)
        assert not any(overlap(*pair) for pair in combinations(found, 2))
        plot = page.locator(f"{SPLIT} .plot").bounding_box()
        assert plot
        assert all(plot["x"] <= box["x"] for box in found)
        assert all(box["x"] + box["width"] <= plot["x"] + plot["width"] for box in found)
        page.get_by_role("checkbox", name="Decisions").uncheck()
        expect(words).to_have_count(0)


def test_more_words_than_have_room_are_left_to_the_pointer(page: Page) -> None:
    """Each line stays, with the triangle that says its word."""
    with viewer(FakePrometheus({f"decision {number}": 900 - number for number in range(9)})) as url:
        page.goto(f"{url}/d/release")
        expect(page.locator(f"{SPLIT} .annotation-text")).to_have_count(3, timeout=30_000)
        assert page.locator(f"{SPLIT} .shapelayer path").count() == 9
        assert not any(overlap(*pair) for pair in combinations(boxes(page, SPLIT), 2))


def test_a_panel_without_a_value_says_what_that_means(page: Page) -> None:
    """In its own words, where it has some."""
    with viewer(FakePrometheus({})) as url:
        page.goto(f"{url}/d/release")
        expect(page.locator('[aria-label="Accuracy"] .words')).to_contain_text(
            "No true label", timeout=30_000
        )
        expect(page.locator('[aria-label="Phase"] .words')).to_contain_text("Prometheus has no values")
