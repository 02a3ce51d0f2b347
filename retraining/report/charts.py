"""Charts as points on a plane of WIDTH by HEIGHT: the template draws them as SVG."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from retraining.gate.evidence import Booleans, Floats

WIDTH, HEIGHT = 360, 230
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 12, 40
MOST_POINTS = 300
SMOOTHED = 12
BINS, LEAST_IN_BIN = 10, 5
LARGEST_DOT = 9.0
SEED = 20261


@dataclass(frozen=True)
class Tick:
    """A number on an axis, and where it stands."""

    at: float
    text: str


@dataclass(frozen=True)
class Dot:
    """A point, and what it says to who points at it."""

    x: float
    y: float
    radius: float
    title: str = ""


@dataclass(frozen=True)
class Series:
    """A line, or dots, or both; `tone` is a colour by its role."""

    name: str
    tone: str
    line: str = ""
    dots: tuple[Dot, ...] = ()
    is_faint: bool = False


@dataclass(frozen=True)
class Chart:
    """All that is drawn; `diagonal` are the ends of the line on which both axes are equal."""

    title: str
    says: str
    x_title: str
    y_title: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    series: tuple[Series, ...]
    diagonal: str = ""


def place(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    """Return where on an axis a value stands, rounded to what a screen shows."""
    width = high - low or 1.0
    return lambda value: round(start + (value - low) / width * (end - start), 1)


def across(low: float, high: float) -> Callable[[float], float]:
    """Return the horizontal place of a value."""
    return place(low, high, LEFT, WIDTH - RIGHT)


def upwards(low: float, high: float) -> Callable[[float], float]:
    """Return the vertical place of a value: larger ones stand higher."""
    return place(low, high, HEIGHT - BOTTOM, TOP)


def round_numbers(low: float, high: float, count: int = 4) -> list[float]:
    """Return about so many round numbers within a range."""
    span = high - low
    if not (math.isfinite(span) and span > 0):
        return [low] if math.isfinite(low) else []
    rough = span / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


def ticks(low: float, high: float, where: Callable[[float], float], count: int = 4) -> tuple[Tick, ...]:
    """Return an axis's numbers."""
    return tuple(Tick(where(value), f"{value:.6g}") for value in round_numbers(low, high, count))


def line(xs: Sequence[float], ys: Sequence[float]) -> str:
    """Return the points of a line as SVG has them."""
    return " ".join(f"{x:g},{y:g}" for x, y in zip(xs, ys, strict=True))


def thinned(values: Floats, most: int) -> tuple[Floats, Floats]:
    """Return the places and means of at most so many stretches of equal length."""
    if not len(values):
        return np.zeros(0), np.zeros(0)
    parts = np.array_split(np.asarray(values, float), min(most, len(values)))
    ends = np.cumsum([len(part) for part in parts])
    middles = ends - np.array([(len(part) - 1) / 2 for part in parts])
    return middles, np.array([part.mean() for part in parts])


def loss_curve(losses: Floats) -> Chart | None:
    """Draw the loss of each step, faintly, and its mean over stretches; None of fewer than two steps."""
    losses = losses[np.isfinite(losses)]
    if len(losses) < 2:
        return None
    top = float(losses.max()) or 1.0
    x, y = across(1, len(losses)), upwards(0, top)
    each = thinned(losses, MOST_POINTS)
    smooth = thinned(losses, max(2, min(len(losses), len(losses) // SMOOTHED)))
    lines = [line([x(v) for v in places], [y(v) for v in means]) for places, means in (each, smooth)]
    begins, ends = losses[: len(losses) // 10 + 1].mean(), losses[-(len(losses) // 10 + 1) :].mean()
    return Chart(
        title="Loss of the training",
        says=f"From {begins:.3g} in the first tenth of {len(losses)} steps to {ends:.3g} in the last.",
        x_title="step",
        y_title="loss",
        x_ticks=ticks(1, len(losses), x),
        y_ticks=ticks(0, top, y),
        series=(
            Series("each step", "candidate", lines[0], is_faint=True),
            Series("mean", "candidate", lines[1]),
        ),
    )


@dataclass(frozen=True)
class Reliability:
    """Of the answers with about the same confidence: how many, how sure, how many of them right."""

    count: int
    confidence: float
    right: float


def reliabilities(confidence: Floats, right: Booleans) -> list[Reliability]:
    """Return them by BINS ranges of confidence of equal width, but for those with fewer than LEAST_IN_BIN."""
    bin_of = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return [
        Reliability(
            int(np.count_nonzero(chosen)), float(confidence[chosen].mean()), float(right[chosen].mean())
        )
        for chosen in (bin_of == number for number in range(BINS))
        if np.count_nonzero(chosen) >= LEAST_IN_BIN
    ]


def reliability_diagram(set_name: str, answers: Sequence[tuple[str, Floats, Booleans]]) -> Chart | None:
    """Draw how often each model is right against how sure it is.

    DeGroot & Fienberg (1983), "The comparison and evaluation of forecasters", The Statistician 32(1).
    `answers` are a model's name, its confidences (N,) and where it is right (N,).
    """
    if not any(len(confidence) for _, confidence, _ in answers):
        return None
    x, y = across(0, 1), upwards(0, 1)
    series = []
    for name, confidence, right in answers:
        found = reliabilities(confidence, right)
        dots = tuple(
            Dot(
                x(one.confidence),
                y(one.right),
                round(2.5 + (LARGEST_DOT - 2.5) * math.sqrt(one.count / len(confidence)), 1),
                f"{name}: {one.count} answers, {one.confidence:.1%} sure, {one.right:.1%} right",
            )
            for one in found
        )
        series.append(Series(name, name, line([dot.x for dot in dots], [dot.y for dot in dots]), dots))
    return Chart(
        title=f"Is it right as often as it is sure? {set_name.capitalize()} set",
        says="On the dashed line it is. A larger dot stands for more answers; fewer than 5 have none.",
        x_title="confidence",
        y_title="share of right answers",
        x_ticks=ticks(0, 1, x, 5),
        y_ticks=ticks(0, 1, y, 5),
        series=tuple(series),
        diagonal=line([x(0), x(1)], [y(0), y(1)]),
    )


def truth_chart(set_name: str, targets: Floats, values: Sequence[tuple[str, Floats]]) -> Chart | None:
    """Draw a regressor's values against the true ones."""
    if not len(targets):
        return None
    chosen = np.random.default_rng(SEED).permutation(len(targets))[:MOST_POINTS]
    every = np.concatenate([targets, *(one for _, one in values)])
    low, high = float(every.min()), float(every.max())
    x, y = across(low, high), upwards(low, high)
    return Chart(
        title=f"True value and answer, {set_name} set",
        says=f"On the dashed line they are equal. {len(chosen)} of {len(targets)} examples.",
        x_title="true value",
        y_title="answer",
        x_ticks=ticks(low, high, x),
        y_ticks=ticks(low, high, y),
        series=tuple(
            Series(name, name, dots=tuple(Dot(x(targets[row]), y(one[row]), 2.2) for row in chosen.tolist()))
            for name, one in values
        ),
        diagonal=line([x(low), x(high)], [y(low), y(high)]),
    )


def map_of_inputs(new: Floats, old: Floats) -> Chart | None:
    """Draw new and old records by the two directions in which they differ most; None of too few.

    The principal components of both together: Pearson (1901), "On lines and planes of closest fit to systems
    of points in space", Philosophical Magazine 2(11). Each column counts by its own standard deviation.
    """
    if len(new) < 3 or len(old) < 3 or new.shape[1] != old.shape[1] or new.shape[1] < 2:
        return None
    generator = np.random.default_rng(SEED)
    parts = [one[generator.permutation(len(one))[:MOST_POINTS]].astype(float) for one in (old, new)]
    both = np.concatenate(parts)
    deviation = both.std(axis=0)
    centred = (both - both.mean(axis=0)) / np.where(deviation > 0, deviation, 1.0)
    directions = np.linalg.svd(centred, full_matrices=False)[2][:2]
    points = centred @ directions.T
    low, high = np.quantile(points, 0.01, axis=0), np.quantile(points, 0.99, axis=0)
    points = points.clip(low, high)
    x, y = across(low[0], high[0]), upwards(low[1], high[1])
    dots = [Dot(x(one), y(other), 2.2) for one, other in points.tolist()]
    split = len(parts[0])
    return Chart(
        title="New records among those before",
        says="Records that lie near each other look alike to production's model.",
        x_title="first principal component",
        y_title="second",
        x_ticks=(),
        y_ticks=(),
        series=(
            Series("before", "production", dots=tuple(dots[:split])),
            Series("new", "candidate", dots=tuple(dots[split:])),
        ),
    )
