"""What people are told of the traffic and of its shadow, as lines and tables."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table

from release.traffic.confirmation import ENOUGH, TAKEN_SECONDS, Confirmation, Stage
from release.traffic.views import CellView, ComparisonView, ShadowView, TrafficView
from release.views import PackageView
from service.slots import CANDIDATE

MOST_CLASSES = 12  # of a table that fits a terminal
MOST_LINES = 20
NOT_TAKEN = f"nginx has not taken it within {TAKEN_SECONDS:g} s: its log, or nginx_config's, says why."
WORDS = {
    "no_partner": "whose request production's sample lacks",
    "ambiguous": "of an id that several requests have",
    "no_classes": "of a model without classes",
}


def told(confirmation: Confirmation) -> str:
    """Return what is known of an order's effect."""
    total = confirmation.counted.total
    uncounted = "In effect; not confirmed, as what counts nginx's answers does not answer."
    too_little = f"In effect; too little traffic to confirm: {total} requests."
    return {
        Stage.WAITING: "waiting for nginx to take it",
        Stage.COUNTING: f"in effect; counting what is served: {total} of {ENOUGH} requests",
        Stage.CONFIRMED: f"Confirmed: {served(confirmation)}.",
        Stage.TOO_LITTLE: too_little if confirmation.is_counted else uncounted,
        Stage.OTHERWISE: f"In effect, but served otherwise: {served(confirmation)}. Do both slots answer?",
        Stage.BY_VISITORS: "In effect; an experiment shares out visitors, which requests cannot confirm.",
        Stage.NOT_TAKEN: NOT_TAKEN,
    }[confirmation.stage]


def served(confirmation: Confirmation) -> str:
    """Return the share that was served, beside the one that was wanted."""
    counted, (low, high) = confirmation.counted, confirmation.interval
    share = counted.candidate / counted.total if counted.total else 0.0
    return (
        f"{CANDIDATE} answered {share:.1%} of {counted.total} requests "
        f"(99 % interval {low:.1%} to {high:.1%}), {confirmation.share:.1%} wanted"
    )


def traffic_table(view: TrafficView) -> Table:
    """Return where requests go."""
    table = Table(box=None, show_header=False, pad_edge=False)
    weights = ", ".join(f"{slot} {weight}" for slot, weight in view.weights.items())
    shadow = view.shadow_percent
    table.add_row("production", view.production, "POST /predict")
    table.add_row("tested", view.tested, "POST /test/predict")
    table.add_row("split", weights, "each request is drawn" if view.draws else "in turn")
    table.add_row("shadow", f"{shadow:g} %" if shadow else "off", "of the predictions" if shadow else "")
    table.add_row(
        "experiment", view.experiment or "off", "visitors stay on a slot" if view.experiment else ""
    )
    table.add_row("in effect", "yes" if view.in_effect else "not yet")
    return table


def shadow_shown(report: ShadowView) -> Group:
    """Return what the shadow's pairs say: of each two packages the numbers, and their confusion table."""
    parts: list[RenderableType] = [part for one in report.comparisons for part in _comparison(one)]
    if not parts:
        parts.append(
            "There are no pairs. `shadow 25` copies 25 % of the predictions; pairs show after 20 seconds."
        )
    if alone := [f"{count} {WORDS.get(why, why)}" for why, count in report.unpaired.items() if count]:
        parts.append(f"Answers to copies without a pair: {', '.join(alone)}.")
    return Group(*parts)


def _comparison(one: ComparisonView) -> Iterator[RenderableType]:
    low, high = one.disagreement_rate_interval
    yield f"{_package(one.production)} answers, {_package(one.candidate)} is its shadow:"
    yield (
        f"{one.pairs} pairs, {one.disagreements} disagree: {one.disagreement_rate:.2%} "
        f"(99 % interval {low:.2%} to {high:.2%})"
    )
    if one.mean_probability_distance is not None:
        yield f"mean distance of the probabilities: {one.mean_probability_distance:.4f} (0 is none, 1 is all)"
    yield confusion_table(one.confusion, one.pairs_elsewhere)


def confusion_table(cells: Sequence[CellView], elsewhere: int) -> Table:
    """Return the labels against each other; of many classes the most frequent disagreements."""
    classes = sorted({label for cell in cells for label in (cell.production, cell.candidate)})
    counts = {(cell.production, cell.candidate): cell.pairs for cell in cells}
    if len(classes) <= MOST_CLASSES and not elsewhere:
        table = Table("production \\ candidate", *classes)
        for one in classes:
            table.add_row(one, *(str(counts.get((one, other), 0)) for other in classes))
        return table
    table = Table("production", "candidate", "pairs", title="most frequent disagreements")
    disagreements = sorted(((n, *pair) for pair, n in counts.items() if pair[0] != pair[1]), reverse=True)
    for count, one, other in disagreements[:MOST_LINES]:
        table.add_row(one, other, str(count))
    return table


def _package(package: PackageView) -> str:
    return f"{package.model} {package.version} ({package.sha256[:8]})"
