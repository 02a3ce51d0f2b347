"""The page can draw what the dashboards hold."""

import json
import re
from pathlib import Path

PROJECT = Path(__file__).parents[4]
STATIC = PROJECT / "grafana/viewer/static"
FILES = sorted((PROJECT / "grafana/dashboards").glob("*.json"))


def panels() -> list[dict[str, object]]:
    return [panel for path in FILES for panel in json.loads(path.read_text())["panels"]]


def test_every_kind_of_panel_is_drawn() -> None:
    """No dashboard uses a kind of panel that the page does not know."""
    drawn = re.search(r"DRAWN = \{(.*?)\}", (STATIC / "panels.js").read_text())
    assert drawn
    known = set(re.findall(r"(\w+):", drawn[1])) | {"row", "text"}
    assert {str(panel["type"]) for panel in panels()} <= known


def test_every_unit_is_written() -> None:
    """No dashboard uses a unit that the page does not know."""
    units = re.search(r"const UNITS = \{(.*?)\n\};", (STATIC / "units.js").read_text(), re.DOTALL)
    assert units
    known = set(re.findall(r"^  (\w+)[:,]", units[1], re.MULTILINE))
    assert set(re.findall(r'"unit": "(\w+)"', "".join(path.read_text() for path in FILES))) <= known


def test_nothing_comes_from_outside() -> None:
    """The page loads no script, style or picture from another host."""
    for file in STATIC.iterdir():
        outside = re.findall(r"https?://(?!www\.w3\.org)[^\s\"']+", file.read_text())
        assert outside == [], file.name
