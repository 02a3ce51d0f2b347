"""What a person sees in a browser: a real Chromium, screenshots in .local/screenshots."""

import json
import os

import pytest
from playwright.sync_api import Browser, Page, expect

from stack.plain.programs import find_grafana
from tests.stack.client import DASHBOARDS, DETECTORS, NGINX, SLOTS, images
from tests.stack.project import SCREENSHOTS
from tests.stack.test_dashboards import DASHBOARDS as FILES

COMPOSE = os.environ.get("STACK") == "compose"
GRAFANA = "grafana" not in os.environ.get("STACK_WITHOUT", "") if COMPOSE else find_grafana() is not None
VIEWER = not COMPOSE and not GRAFANA
OF_ROWS = "Of rows only"  # so says a panel that has nothing to show where both slots serve images
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


def test_a_person_says_whether_the_answer_is_right(page: Page) -> None:
    """With two buttons below the answer, pressed at once; on second thoughts the other one."""
    page.goto(NGINX)
    upload(page, "apple.jpg", images("test")[0], "image/jpeg")
    expect(page.locator("#label")).to_have_text("apple")
    page.get_by_role("button", name="Right").click()
    expect(page.locator("#thanks")).to_have_text("Noted: apple. Thank you.")
    page.get_by_role("button", name="Wrong").click()
    page.get_by_label("What is it really?").select_option("lemon")
    expect(page.locator("#thanks")).to_have_text("Noted: lemon. Thank you.")
    page.screenshot(path=SCREENSHOTS / "upload-page-feedback.png")
    upload(page, "grapes.jpg", images("test")[1], "image/jpeg")
    expect(page.locator("#thanks")).to_be_empty()
    expect(page.get_by_label("What is it really?")).to_be_hidden()


def test_the_page_says_why_a_label_was_not_taken(page: Page) -> None:
    """In the server's words."""
    page.goto(NGINX)
    upload(page, "apple.jpg", images("test")[0], "image/jpeg")
    expect(page.locator("#label")).to_have_text("apple")
    page.evaluate("labelled.request_id = 'never-seen'")
    page.get_by_role("button", name="Right").click()
    expect(page.locator("#thanks")).to_contain_text("There is no prediction with the request_id never-seen")


def test_nothing_is_to_be_labelled_where_nothing_was_predicted(page: Page) -> None:
    """Neither before an answer nor below a refusal."""
    page.goto(NGINX)
    expect(page.locator("#truth")).to_be_hidden()
    upload(page, "notes.txt", b"hello", "text/plain")
    expect(page.locator("#label")).to_contain_text("Send an image")
    expect(page.locator("#truth")).to_be_hidden()


def test_the_upload_page_says_what_is_wrong(page: Page) -> None:
    """A text file gets a sentence, not a stack trace."""
    page.goto(NGINX)
    upload(page, "notes.txt", b"hello", "text/plain")
    expect(page.locator("#label")).to_contain_text("Send an image")


@pytest.mark.parametrize("url", [NGINX, *SLOTS.values(), *DETECTORS.values()])
def test_the_documentation_is_drawn_without_another_host(page: Page, url: str) -> None:
    """Through nginx too; `page` fails where a script, a style or a font is asked of anybody else."""
    page.goto(f"{url}/docs")
    expect(page.locator(".opblock-summary-path", has_text="/healthz")).to_be_visible()


def test_the_upload_page_fits_a_phone(browser: Browser) -> None:
    """Nothing is cut off at 375 pixels."""
    page = browser.new_page(viewport={"width": 375, "height": 720})
    page.goto(NGINX)
    upload(page, "apple.jpg", images("test")[0], "image/jpeg")
    expect(page.locator("#rows tr")).to_have_count(1)
    page.get_by_role("button", name="Wrong").click()
    page.get_by_label("What is it really?").select_option("lemon")
    expect(page.locator("#thanks")).to_contain_text("Noted: lemon")
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
        empty = page.locator("[data-panel-id]:not([data-state=drawn])").filter(has_not_text=OF_ROWS)
        expect(empty).to_have_count(0, timeout=30_000)
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
