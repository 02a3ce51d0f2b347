"""One running stack for all the tests of this folder, in the way of running that STACK names."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.stack.client import DETECTORS, NGINX, SLOTS, answers, images, predict, tell, wait_for
from tests.stack.project import KEEP
from tests.stack.running_stack import RunningStack, chosen_stack

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]


@pytest.fixture(scope="session")
def running() -> Iterator[RunningStack]:
    chosen = chosen_stack()
    chosen.up()
    yield chosen
    if not KEEP:
        chosen.down()


@pytest.fixture
def stack(running: RunningStack) -> RunningStack:
    """The stack with every component ready, whatever the test before did to it."""
    ready = [f"{url}/readyz" for url in (*SLOTS.values(), *DETECTORS.values(), NGINX)]
    wait_for("every component ready", lambda: all(answers(url) for url in ready), 60)
    return running


@pytest.fixture(scope="session")
def traffic(running: RunningStack) -> None:
    """Some of everything, so that each metric has something to tell."""
    for number, data in enumerate(images("test")[:240]):
        response = predict(data=data)
        assert response.status_code == 200
        if number < 8:
            answer = response.json()
            assert tell(answer["request_id"], answer["likely_class"]).status_code == 200
    for _ in range(4):
        assert predict(data=b"text", content_type="text/plain").status_code == 415
        assert predict(data=b"", content_type="fake_server_error/x").status_code == 500


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS + QUIET)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that fails the test when its scripts fail or it asks anything of another host."""
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: wrong.append(request.url) if elsewhere(request.url) else None)
    yield page
    page.close()
    assert not wrong


def elsewhere(url: str) -> bool:
    return not url.startswith(("http://127.0.0.1", "blob:", "data:"))
