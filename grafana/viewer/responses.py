"""The response models of the viewer's API, and the queries that fill them."""

import asyncio
import time
from collections.abc import Mapping

from pydantic import BaseModel

from grafana.viewer.dashboards import Annotation, Dashboard, Panel, Target
from grafana.viewer.prometheus import Prometheus, QueryResult, Series, Span
from grafana.viewer.queries import expand, intervals, legend_text, step_seconds


class SeriesResponse(BaseModel):
    """One series under its legend."""

    name: str
    labels: dict[str, str]
    points: list[tuple[float, float | None]]


class TargetResponse(BaseModel):
    """One query's series, or why there are none."""

    ref_id: str
    error: str | None
    series: list[SeriesResponse]


class PanelResponse(BaseModel):
    """All that a panel draws."""

    start: int
    end: int
    step: int
    targets: list[TargetResponse]


class AnnotationResponse(BaseModel):
    """A time to mark on every plot; a moment is one that something happened at."""

    name: str
    title: str
    colour: str
    start: float
    end: float
    is_moment: bool = False


def span_until_now(range_seconds: int) -> Span:
    """Cover the last seconds; times lie on multiples of the step, so that a refresh moves no point."""
    step = step_seconds(range_seconds)
    end = int(time.time()) // step * step
    return Span(end - range_seconds, end, step)


async def query_panel(
    prometheus: Prometheus, dashboard: Dashboard, panel: Panel, chosen: Mapping[str, str], range_seconds: int
) -> PanelResponse:
    """Ask every query of a panel at once."""
    values = {**intervals(range_seconds), **dashboard.choose(chosen)}
    span = span_until_now(range_seconds)
    targets = await asyncio.gather(
        *(_query_target(prometheus, target, values, span) for target in panel.targets)
    )
    return PanelResponse(start=span.start, end=span.end, step=span.step, targets=targets)


async def query_annotations(
    prometheus: Prometheus, dashboard: Dashboard, chosen: Mapping[str, str], range_seconds: int
) -> list[AnnotationResponse]:
    """Find the times that the dashboard's annotations mark."""
    values = {**intervals(range_seconds), **dashboard.choose(chosen)}
    span = span_until_now(range_seconds)
    asked = [prometheus.over(expand(note.expression, values), span) for note in dashboard.annotations]
    results = await asyncio.gather(*asked)
    return [
        mark
        for note, result in zip(dashboard.annotations, results, strict=True)
        for mark in _marks(note, result, span)
    ]


async def _query_target(
    prometheus: Prometheus, target: Target, values: Mapping[str, str], span: Span
) -> TargetResponse:
    expression = expand(target.expression, values)
    if target.instant:
        result = await prometheus.instant(expression, span.end)
    else:
        result = await prometheus.over(expression, span)
    series = [
        SeriesResponse(
            name=legend_text(target.legend, one.labels), labels=dict(one.labels), points=list(one.points)
        )
        for one in result.series
    ]
    return TargetResponse(ref_id=target.ref_id, error=result.error, series=series)


def _marks(note: Annotation, result: QueryResult, span: Span) -> list[AnnotationResponse]:
    return [
        AnnotationResponse(
            name=note.name,
            title=legend_text(note.title, one.labels),
            colour=note.colour,
            start=start,
            end=end,
            is_moment=note.value_is_time,
        )
        for one in result.series
        for start, end in (_moments(one, span) if note.value_is_time else _periods(one, span.step))
    ]


def _moments(series: Series, span: Span) -> list[tuple[float, float]]:
    """Return each time that is a value, in milliseconds, and lies in the span."""
    times = {value / 1000 for _, value in series.points if value is not None}
    return [(at, at) for at in sorted(times) if span.start <= at <= span.end]


def _periods(series: Series, step: int) -> list[tuple[float, float]]:
    """Return first and last time of each run of points that are neither 0 nor absent."""
    periods: list[tuple[float, float]] = []
    for at in (at for at, value in series.points if value):
        follows = periods and at - periods[-1][1] <= step
        start = periods.pop()[0] if follows else at
        periods.append((start, at))
    return periods
