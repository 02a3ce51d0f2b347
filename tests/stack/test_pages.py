"""What a person sees in a browser: a real Chromium, screenshots in .local/screenshots."""

import json
import os

import pytest
from playwright.sync_api import Browser, Page, expect

from stack.plain.programs import find_grafana
from tests.stack.client import DASHBOARDS, NGINX, images
from tests.stack.project import SCREENSHOTS
from tests.stack.test_dashboards import DASHBOARDS as FILES

COMPOSE = os.environ.get("STACK") == "compose"
GRAFANA = "grafana" not in os.environ.get("STACK_WITHOUT", "") if COMPOSE else find_grafana() is not None
VIEWER = not COMPOSE and not GRAFANA
UIDS = [json.loads(path.read_text())["uid"] for path in FILES]

pytestmark = pytest.mark.usefixtures("stack")


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


if VIEWER:

    @pytest.mark.usefixtures("traffic")
    @pytest.mark.parametrize("uid", UIDS)
    def test_every_panel_of_our_own_page_is_drawn(page: Page, uid: str) -> None:
        """No panel is empty and none failed, in a window high enough to show them all."""
        page.set_viewport_size({"width": 1400, "height": 3200})
        page.goto(f"{DASHBOARDS}/d/{uid}")
        expect(page.locator("#grid")).not_to_have_attribute("aria-busy", "true", timeout=30_000)
        panels = page.locator("[data-panel-id]")
        assert panels.count() > 5
        expect(page.locator("[data-panel-id]:not([data-state=drawn])")).to_have_count(0, timeout=30_000)
        page.screenshot(path=SCREENSHOTS / f"{uid}.png", full_page=True)


if GRAFANA:

    @pytest.mark.usefixtures("traffic")
    @pytest.mark.parametrize("uid", UIDS)
    def test_every_panel_of_grafana_is_drawn(browser: Browser, uid: str) -> None:
        """Without a login, and no panel says that it has no data."""
        page = browser.new_page(viewport={"width": 1400, "height": 3200})
        page.goto(f"{DASHBOARDS}/d/{uid}?kiosk", wait_until="networkidle")
        expect(page.get_by_text("p-value").first).to_be_visible(timeout=30_000)
        expect(page.get_by_text("No data")).to_have_count(0, timeout=30_000)
        page.screenshot(path=SCREENSHOTS / f"grafana-{uid}.png")
        page.close()
