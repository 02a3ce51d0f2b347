"""The panels about feedback: what the true labels say of the models of a dashboard's slots."""

from grafana.generator.drift import MODEL, OF_MODEL
from grafana.generator.expressions import selector
from grafana.generator.panel_kinds import Header, Panel, Query, series

OF_A_DAY = "Of users' predictions of the last 24 h."
ACCURACY = f"Share of the labelled predictions that were right. {OF_A_DAY} Few labels say little."
COVERAGE = f"Share of the sampled predictions that have a true label. {OF_A_DAY}"
LABELS = f"True labels that came (POST /feedback), and those that the model had predicted. {OF_A_DAY}"
NO_LABEL = "No true label has come yet: POST /feedback takes them."
DELAY = f"Mean time from a prediction to its label. {OF_A_DAY}"


def of_model(metric: str, slots: str, legend: str = MODEL) -> Query:
    """Ask for a gauge of each slot's model, which one detector computes from the database."""
    return Query(f"max by ({OF_MODEL}) ({selector(metric, slots)})", legend)


def accuracy(slots: str, width: int) -> Panel:
    """Plot how often the models are right."""
    return series(
        Header("Accuracy", ACCURACY, "percentunit", width, nothing=NO_LABEL),
        of_model("feedback_accuracy", slots),
        maximum=1,
        per_slot=True,
    )


def labels(slots: str, width: int) -> Panel:
    """Plot how many labels came."""
    return series(
        Header("Labels", LABELS, "short", width, nothing=NO_LABEL),
        of_model("feedback_labels", slots, f"{MODEL} labels"),
        of_model("feedback_correct", slots, f"{MODEL} right"),
        per_slot=True,
        dashed="right",
    )


def coverage(slots: str, width: int) -> Panel:
    """Plot how much of what was predicted has a label."""
    return series(
        Header("Label coverage", COVERAGE, "percentunit", width, nothing=NO_LABEL),
        of_model("feedback_coverage_ratio", slots),
        maximum=1,
        per_slot=True,
    )


def delay(slots: str, width: int) -> Panel:
    """Plot how late the labels are."""
    return series(
        Header("Label delay", DELAY, "s", width, nothing=NO_LABEL),
        of_model("feedback_delay_seconds", slots),
        per_slot=True,
    )


def feedback(slots: str) -> list[Panel]:
    """What the true labels say, and how many there are."""
    return [panel(slots, 6) for panel in (accuracy, labels, coverage, delay)]
