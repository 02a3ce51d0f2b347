"""Turn dashboards into PromQL. Grafana replaces variables in the browser, and no Python library does it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from grafana.viewer.dashboards import load_dashboard

SCRAPE_SECONDS = 5  # the datasource's timeInterval
POINTS = 360
VARIABLE = re.compile(r"\$(?:\{(?P<braced>\w+)(?::\w+)?\}|(?P<bare>[A-Za-z_]\w*))")
LEGEND_LABEL = re.compile(r"\{\{\s*(\w+)\s*\}\}")


class UnknownVariable(ValueError):
    """An expression names a variable that has no value."""


@dataclass(frozen=True)
class PanelQuery:
    """One query of one panel, ready to be asked; ask it over a range unless it is `instant`."""

    dashboard: str
    panel: str
    expression: str
    legend: str
    instant: bool


def iter_queries(dashboard_path: Path, variables: Mapping[str, str] | None = None) -> Iterator[PanelQuery]:
    """Yield every query of every panel.

    `variables` gives values by name without the `$`, as PromQL patterns (`model_server|model_server_new`);
    left out: all values of the dashboard's own variables, and Grafana's intervals for half an hour.
    """
    dashboard = load_dashboard(dashboard_path)
    values = {**intervals(1800), **dashboard.choose({}), **(variables or {})}
    for panel in dashboard.panels:
        for target in panel.targets:
            expression = expand(target.expression, values)
            yield PanelQuery(dashboard.title, panel.title, expression, target.legend, target.instant)


def expand(expression: str, values: Mapping[str, str]) -> str:
    """Replace `$name`, `${name}` and `${name:format}`."""

    def value_of(match: re.Match[str]) -> str:
        name = match["braced"] or match["bare"]
        if name not in values:
            raise UnknownVariable(f"no value for ${name} in: {expression}")
        return values[name]

    return VARIABLE.sub(value_of, expression)


def intervals(range_seconds: int, points: int = POINTS) -> dict[str, str]:
    """Give Grafana's built-in variables for a time range drawn with so many points."""
    step = step_seconds(range_seconds, points)
    rate = max(step + SCRAPE_SECONDS, 4 * SCRAPE_SECONDS)
    return {"__interval": f"{step}s", "__rate_interval": f"{rate}s", "__range": f"{range_seconds}s"}


def step_seconds(range_seconds: int, points: int = POINTS) -> int:
    """Space the points of a range query: never closer than the scrapes."""
    return max(SCRAPE_SECONDS, -(-range_seconds // points))


def legend_text(legend: str, labels: Mapping[str, str]) -> str:
    """Write a series' name: the legend with its labels filled in, or else the labels themselves."""
    if legend:
        return LEGEND_LABEL.sub(lambda match: labels.get(match[1], ""), legend)
    return ", ".join(f"{name}={value}" for name, value in labels.items()) or "value"
