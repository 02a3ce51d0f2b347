"""What a person sees in a browser: a real Chromium, screenshots in .local/screenshots."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.stack.client import NGINX, images
from tests.stack.ways import PROJECT

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
SCREENSHOTS = PROJECT / ".local/screenshots"

pytestmark = pytest.mark.usefixtures("stack")


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


def upload(page: Page, name: str, data: bytes, mime_type: str) -> None:
    page.set_input_files("#file", {"name": name, "mimeType": mime_type, "buffer": data})


def test_the_upload_page_shows_class_confidence_and_slot(page: Page) -> None:
    """Two uploads in a row are answered by the two slots, and the page says by which."""
    page.goto(NGINX)
    slots = set()
    for number in range(2):
        upload(page, f"apple-{number}.jpg", images("test")[0], "image/jpeg")
        expect(page.locator("#rows tr")).to_have_count(number + 1)
        slots.add(page.locator("#meta .slot").inner_text())
    assert slots == {"model_server", "model_server_new"}
    expect(page.locator("#label")).to_have_text("apple")
    expect(page.locator("#bars .num").first).to_contain_text("%")
    page.screenshot(path=SCREENSHOTS / "upload-page.png")


def test_the_upload_page_says_what_is_wrong(page: Page) -> None:
    """A text file gets a sentence, not a stack trace."""
    page.goto(NGINX)
    upload(page, "notes.txt", b"hello", "text/plain")
    expect(page.locator("#label")).to_contain_text("Send an image")


def test_the_upload_page_fits_a_phone(browser: Browser) -> None:
    """Nothing is cut off at 375 pixels."""
    page = browser.new_page(viewport={"width": 375, "height": 720})
    page.goto(NGINX)
    upload(page, "apple.jpg", images("test")[0], "image/jpeg")
    expect(page.locator("#rows tr")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    page.screenshot(path=SCREENSHOTS / "upload-page-phone.png", full_page=True)
    page.close()
