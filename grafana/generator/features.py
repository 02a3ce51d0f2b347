"""The dashboard of a model that takes rows of numbers: which of its features drifts, and how."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana.generator.expressions import CHOSEN_SLOTS, per_second, selector
from grafana.generator.frame import Section, dashboard, fill, slot_variable
from grafana.generator.panel_kinds import Header, Panel, Query, bars, note, series

LEGEND = "{{slot}} {{feature}}"
HOW_TO_READ = """\
A feature has drifted when its **distance** is above the threshold. The threshold allows for how many features
are tested; a p-value below 0.05 does not: of 20 features one is there by chance.

**z-score:** where a feature's mean went. At 1 it is one standard deviation of the training data above theirs.

**Variance ratio:** how its spread changed. At 1 it is as in training.

Nothing here? The slot serves images. Their drift is on the dashboard Model monitoring."""
P_VALUE = "How likely such values of the feature are if nothing changed, each feature by itself."
DISTANCE = "Largest gap between the distributions of window and reference (Kolmogorov-Smirnov)."
ABOVE = "Above the slot's threshold the feature has drifted."
Z_SCORE = "Mean of the recent inputs against training, in standard deviations of the training data."
RATIO = "Variance of the recent inputs divided by that of the training data."


def of_each(metric: str, function: str) -> str:
    """Join the replicas' values of every feature."""
    return f"{function} by (slot, feature) ({selector(metric, CHOSEN_SLOTS)})"


def threshold() -> str:
    """Give the threshold of the slots that have features: that of an embedding is in another measure."""
    with_features = f"max by (slot) ({selector('drift_feature_distance', CHOSEN_SLOTS)})"
    return f"max by (slot) ({selector('drift_threshold', CHOSEN_SLOTS)}) and on (slot) {with_features}"


def z_score() -> str:
    """Divide how far the mean went by the training data's standard deviation."""
    shift = f"({of_each('feature_mean', 'avg')} - {of_each('feature_training_mean', 'max')})"
    return f"{shift} / sqrt({of_each('feature_training_variance', 'max')})"


def variance_ratio() -> str:
    """Divide the variance by the training data's."""
    return f"{of_each('feature_variance', 'avg')} / {of_each('feature_training_variance', 'max')}"


def drift() -> list[Panel]:
    """Say which feature the newest windows find changed."""
    distance = Query(of_each("drift_feature_distance", "max"), LEGEND)
    return [
        bars(Header("Distance now", DISTANCE, "short", 12, 10), distance, maximum=1),
        note(Header("How to read this", "What the numbers of this page say.", "none", 12, 10), HOW_TO_READ),
        series(
            Header("Distance of each feature", f"{DISTANCE} {ABOVE}", "short"),
            distance,
            Query(threshold(), "{{slot}} threshold"),
            dashed="threshold",
        ),
        series(
            Header("p-value of each feature", P_VALUE, "short"),
            Query(of_each("drift_feature_p_value", "min"), LEGEND),
            maximum=1,
        ),
    ]


def inputs() -> list[Panel]:
    """Lay what comes in beside what the model was trained on."""
    rows = selector("features_observed_total", CHOSEN_SLOTS)
    return [
        series(
            Header("z-score of each feature's mean", Z_SCORE, "short"), Query(z_score(), LEGEND), minimum=None
        ),
        series(Header("Variance ratio of each feature", RATIO, "short"), Query(variance_ratio(), LEGEND)),
        series(
            Header("Rows", "Rows of numbers answered per second.", "cps", 24, 6),
            Query(per_second(rows)),
            per_slot=True,
        ),
    ]


def features() -> Dashboard:
    """Build the dashboard."""
    description = "Drift feature by feature, for slots whose model takes rows of numbers."
    frame = dashboard("features", "Features", description, CHOSEN_SLOTS).with_variable(slot_variable())
    return fill(frame, [Section("", drift()), Section("Inputs against training", inputs())])
