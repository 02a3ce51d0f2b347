"""The candidate takes rows of numbers: one of the examples, in the same stack, watched feature by feature."""

import re
import sys
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Page, expect

from grafana.viewer.queries import PanelQuery, iter_queries
from service.slots import CANDIDATE
from tests.stack.client import DETECTORS, SLOTS, query, wait_for
from tests.stack.project import PROJECT, SCREENSHOTS, put_package, run
from tests.stack.running_stack import RunningStack

FOLDER = PROJECT / ".local/stack-test/tabular"
ROW = [42, 6, 36000, 9000, 0.3, 11000, 36, 0]
PASTE = """(field, text) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text", text);
    field.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
}"""


def feature_queries() -> list[PanelQuery]:
    """Return the queries of the dashboard of tensor models, of the slot that serves one."""
    values = {"slot": CANDIDATE}
    return list(iter_queries(PROJECT / "grafana/dashboards/features.json", values))


@pytest.fixture(scope="module")
def candidate(running: RunningStack) -> Iterator[str]:
    """The candidate's address, while the example lies in its folder and was loaded; no part is restarted."""
    run(sys.executable, "-m", "examples.tabular.make", "loans", "--output", str(FOLDER))
    put_package(CANDIDATE, FOLDER / "model")
    run("make", "reload", f"SLOT={CANDIDATE}")
    yield SLOTS[CANDIDATE]
    put_package(CANDIDATE)
    run("make", "reload", f"SLOT={CANDIDATE}")


def test_a_row_is_answered_with_its_class(candidate: str) -> None:
    """JSON in, JSON out; who sends too few numbers is told so."""
    answer = httpx.post(f"{candidate}/predict", json={"data": ROW}).json()
    assert answer["likely_class"] in {"repaid", "defaulted"}
    assert answer["slot"] == CANDIDATE
    assert httpx.post(f"{candidate}/predict", json={"data": ROW[:5]}).status_code == 422


def test_the_page_asks_for_the_features(candidate: str, page: Page) -> None:
    """Instead of an image: a field for each; a row pasted into the first one fills them all."""
    page.goto(candidate)
    expect(page.locator("#drop")).to_be_hidden()
    first = page.get_by_label("age", exact=True)
    first.evaluate(PASTE, ", ".join(map(str, ROW)))
    assert page.locator("#fields input").evaluate_all("all => all.map(one => Number(one.value))") == ROW
    first.fill("50")
    page.get_by_role("button").click()
    expect(page.locator("#label")).to_have_text(re.compile("repaid|defaulted"))
    expect(page.locator("#rows td").first).to_contain_text("50, 6, 36000")
    page.screenshot(path=SCREENSHOTS / "tensor-page.png", full_page=True)


def test_drift_of_one_feature_is_found_and_named(candidate: str) -> None:
    """The example's command ends with success: the shifted feature drifts, and its line says so."""
    detector = DETECTORS[CANDIDATE]
    command = (sys.executable, "-m", "examples.tabular.drift", "loans", "--shift", "age=+1std")
    shown = run(*command, "--url", candidate, "--detector", detector)
    assert [line.split()[-1] for line in shown.splitlines() if line.startswith("age ")] == ["yes"]
    drifted = f'drift_feature_p_value{{slot="{CANDIDATE}",feature="age"}} < 0.05'
    wait_for("the drifted feature in Prometheus", lambda: query(drifted), 30)


@pytest.mark.parametrize("panel_query", feature_queries(), ids=lambda one: f"{one.panel}: {one.legend}")
def test_every_panel_of_features_has_an_answer(candidate: str, panel_query: PanelQuery) -> None:
    """What Grafana would ask gives series."""
    wait_for(f"an answer to {panel_query.expression}", lambda: query(panel_query.expression), 60)
