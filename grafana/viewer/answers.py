"""What the board's own API answers to the page."""

import asyncio
import time
from collections.abc import Mapping

from pydantic import BaseModel

from grafana.viewer.dashboards import Annotation, Dashboard, Panel, Target
from grafana.viewer.prometheus import Answer, Prometheus, Span
from grafana.viewer.queries import expand, intervals, legend_text, step_seconds


class SeriesAnswer(BaseModel):
    """One series under its legend."""

    name: str
    labels: dict[str, str]
    points: list[tuple[float, float | None]]


class TargetAnswer(BaseModel):
    """One query's series, or why there are none."""

    ref_id: str
    error: str | None
    series: list[SeriesAnswer]


class PanelAnswer(BaseModel):
    """All that a panel draws."""

    start: int
    end: int
    step: int
    targets: list[TargetAnswer]


class MarkAnswer(BaseModel):
    """A time to mark on every plot."""

    name: str
    title: str
    colour: str
    start: float
    end: float


def span_until_now(range_seconds: int) -> Span:
    """Cover the last seconds; times lie on multiples of the step, so that a refresh moves no point."""
    step = step_seconds(range_seconds)
    end = int(time.time()) // step * step
    return Span(end - range_seconds, end, step)


async def answer_panel(
    prometheus: Prometheus, dashboard: Dashboard, panel: Panel, chosen: Mapping[str, str], range_seconds: int
) -> PanelAnswer:
    """Ask every query of a panel at once."""
    values = {**intervals(range_seconds), **dashboard.choose(chosen)}
    span = span_until_now(range_seconds)
    targets = await asyncio.gather(*(_answer(prometheus, target, values, span) for target in panel.targets))
    return PanelAnswer(start=span.start, end=span.end, step=span.step, targets=targets)


async def answer_marks(
    prometheus: Prometheus, dashboard: Dashboard, chosen: Mapping[str, str], range_seconds: int
) -> list[MarkAnswer]:
    """Find the times that the dashboard's annotations mark."""
    values = {**intervals(range_seconds), **dashboard.choose(chosen)}
    span = span_until_now(range_seconds)
    asked = [prometheus.over(expand(note.expression, values), span) for note in dashboard.annotations]
    answers = await asyncio.gather(*asked)
    return [
        mark
        for note, answer in zip(dashboard.annotations, answers, strict=True)
        for mark in _marks(note, answer, span)
    ]


async def _answer(
    prometheus: Prometheus, target: Target, values: Mapping[str, str], span: Span
) -> TargetAnswer:
    expression = expand(target.expression, values)
    if target.instant:
        answer = await prometheus.instant(expression, span.end)
    else:
        answer = await prometheus.over(expression, span)
    series = [
        SeriesAnswer(
            name=legend_text(target.legend, one.labels), labels=dict(one.labels), points=list(one.points)
        )
        for one in answer.series
    ]
    return TargetAnswer(ref_id=target.ref_id, error=answer.error, series=series)


def _marks(note: Annotation, answer: Answer, span: Span) -> list[MarkAnswer]:
    marks: list[MarkAnswer] = []
    for series in answer.series:
        title = legend_text(note.title, series.labels)
        began = ended = None
        for at, value in series.points:
            if not value:
                continue
            if ended is not None and at - ended > span.step:
                marks.append(
                    MarkAnswer(name=note.name, title=title, colour=note.colour, start=began, end=ended)
                )
                began = None
            began, ended = at if began is None else began, at
        if began is not None:
            marks.append(MarkAnswer(name=note.name, title=title, colour=note.colour, start=began, end=ended))
    return marks
