"""Read Grafana's dashboard JSON: its panels, queries, annotations and the choices of its variables."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

ALL = "All"
FIRST = "model-monitoring"


class UnknownName(LookupError):
    """No dashboard, panel or choice has this name."""


@dataclass(frozen=True)
class Target:
    """One query of a panel, its variables not yet replaced."""

    ref_id: str
    expression: str
    legend: str
    instant: bool


@dataclass(frozen=True)
class Panel:
    """A panel that asks something."""

    id: int
    title: str
    targets: tuple[Target, ...]


@dataclass(frozen=True)
class Annotation:
    """A query whose answers are marked on every time series.

    They mark when they are neither 0 nor absent, or where `value_is_time` the time in milliseconds that is
    their value.
    """

    name: str
    expression: str
    title: str
    colour: str
    value_is_time: bool = False


@dataclass(frozen=True, eq=False)
class Dashboard:
    """A dashboard's document, and what the viewer reads from it."""

    document: Mapping[str, Any]

    @property
    def uid(self) -> str:
        """Name the dashboard in URLs."""
        return str(self.document["uid"])

    @property
    def title(self) -> str:
        """Name the dashboard for people."""
        return str(self.document["title"])

    @property
    def panels(self) -> tuple[Panel, ...]:
        """List the panels that have queries."""
        return tuple(_panel(panel) for panel in self.document.get("panels", []) if panel.get("targets"))

    @property
    def annotations(self) -> tuple[Annotation, ...]:
        """List the annotations that have an expression; the reader switches them on and off."""
        listed = self.document.get("annotations", {}).get("list", [])
        return tuple(
            Annotation(
                item["name"],
                item["expr"],
                item.get("titleFormat") or item["name"],
                item["iconColor"],
                bool(item.get("useValueForTime")),
            )
            for item in listed
            if item.get("expr")
        )

    @property
    def choices(self) -> dict[str, tuple[str, ...]]:
        """List the values of every variable (the viewer knows the kind whose values stand in the file)."""
        variables = self.document.get("templating", {}).get("list", [])
        return {item["name"]: tuple(str(item["query"]).split(",")) for item in variables}

    def panel(self, panel_id: int) -> Panel:
        """Find a panel by its id."""
        for panel in self.panels:
            if panel.id == panel_id:
                return panel
        raise UnknownName(f"{self.title} has no panel {panel_id} with a query")

    def choose(self, chosen: Mapping[str, str]) -> dict[str, str]:
        """Give every variable its value as a pattern; a value that the file does not list is refused."""
        values = {name: "|".join(listed) for name, listed in self.choices.items()}
        for name, value in chosen.items():
            if name not in values:
                raise UnknownName(f"{self.title} has no variable {name}")
            if value != ALL and value not in self.choices[name]:
                raise UnknownName(f"{name} has no value {value}")
            if value != ALL:
                values[name] = value
        return values


def load_dashboard(path: Path) -> Dashboard:
    """Read one file; it is parsed again only when it has changed."""
    return _load(path, path.stat().st_mtime_ns)


def load_dashboards(folder: Path) -> dict[str, Dashboard]:
    """Read every dashboard of a folder, by uid: monitoring first, then by title."""
    dashboards = [load_dashboard(path) for path in folder.glob("*.json")]
    return {one.uid: one for one in sorted(dashboards, key=lambda one: (one.uid != FIRST, one.title))}


@lru_cache(maxsize=32)
def _load(path: Path, _changed: int) -> Dashboard:
    return Dashboard(json.loads(path.read_text(encoding="utf-8")))


def _panel(panel: Mapping[str, Any]) -> Panel:
    return Panel(int(panel["id"]), str(panel["title"]), tuple(_targets(panel)))


def _targets(panel: Mapping[str, Any]) -> Iterator[Target]:
    for target in panel["targets"]:
        legend, instant = str(target.get("legendFormat", "")), bool(target.get("instant"))
        yield Target(str(target["refId"]), str(target["expr"]), legend, instant)
