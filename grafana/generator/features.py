"""The dashboard of features, those of rows and those of images' embeddings: which one drifts, and how."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana.generator.expressions import CHOSEN_SLOTS, per_second, selector
from grafana.generator.frame import Section, dashboard, fill, slot_variable
from grafana.generator.panel_kinds import Header, Panel, Query, bars, note, series

LEGEND = "{{slot}} {{feature}}"
LEFT = 0.5  # as the alert ServingInputsLeftTrainingData has it
OF_ROWS_ONLY = "Of rows only. Drift of images: see Model monitoring."
HOW_TO_READ = """\
**Features** are a row's numbers. An image has thousands, so of its embedding the first eight components are
looked at; their names begin with the model's.

**z-score:** how far the mean of the last 1000 inputs or so is from the training data's, in standard
deviations of the training data's single inputs. Chance alone leaves it below 0.2. Above 0.5 for five
minutes, the alert ServingInputsLeftTrainingData fires.

**(stream)** behind a line's name: compared with all that the training stream has brought so far.
**(package)**: compared with the reference in the slot's own package, as no stream runs (it needs the
profile `training`), it has just begun, or it looks at its images with other weights than this slot's.

**Variance ratio:** how the spread changed. At 1 it is as in training. What never varies in training has
neither; of an embedding that may be some components."""
HOW_TO_READ_DRIFT = """\
A feature has drifted when its **distance** is above the threshold. The threshold allows for how many features
are tested; a p-value below 0.05 does not: of 20 features one is there by chance.

Nothing here? The slot serves images, whose embeddings are tested as a whole: see the dashboard Model
monitoring."""
P_VALUE = "How likely such values of the feature are if nothing changed, each feature by itself."
DISTANCE = "Largest gap between the distributions of window and reference (Kolmogorov-Smirnov)."
ABOVE = "Above the slot's threshold the feature has drifted."
Z_SCORE = (
    "How far the mean of the recent inputs is from the training data's, in standard deviations of single"
    " inputs. (stream): the training stream's; (package): without one, the reference in the slot's package."
)
SHIFT = "The same against the data of the slot's package, with its sign: below 0 the mean has fallen."
RATIO = "Variance of the recent inputs divided by that of the training data."


def of_each(metric: str, function: str) -> str:
    """Join the replicas' values of every feature."""
    return f"{function} by (slot, feature) ({selector(metric, CHOSEN_SLOTS)})"


def threshold() -> str:
    """Give the threshold of the slots that have features: that of an embedding is in another measure."""
    with_features = f"max by (slot) ({selector('drift_feature_distance', CHOSEN_SLOTS)})"
    return f"max by (slot) ({selector('drift_threshold', CHOSEN_SLOTS)}) and on (slot) {with_features}"


def shift_of_mean() -> str:
    """Divide how far the mean went, and in which direction, by the package's standard deviation."""
    shift = f"({of_each('feature_mean', 'avg')} - {of_each('feature_training_mean', 'max')})"
    return f"{shift} / sqrt({training_variance()})"


def variance_ratio() -> str:
    """Divide the variance by the training data's."""
    return f"{of_each('feature_variance', 'avg')} / ({training_variance()})"


def training_variance() -> str:
    """Give the variance of the features that vary in training: of an embedding, some components may not."""
    return f"{of_each('feature_training_variance', 'max')} > 0"


def inputs() -> list[Panel]:
    """Lay what comes in beside what the model was trained on."""
    rows = selector("features_observed_total", CHOSEN_SLOTS)
    return [
        series(
            Header("z-score of the serving inputs against the training stream", Z_SCORE, "short", 16, 11),
            Query(selector("slot_feature:z_score", CHOSEN_SLOTS), f"{LEGEND} ({{{{against}}}})"),
            thresholds=((None, "transparent"), (LEFT, "red")),
            filled=False,
        ),
        note(Header("How to read this", "What the numbers of this page say.", "none", 8, 11), HOW_TO_READ),
        series(
            Header("Shift of each feature's mean", SHIFT, "short"),
            Query(shift_of_mean(), LEGEND),
            minimum=None,
            filled=False,
        ),
        series(
            Header("Variance ratio of each feature", RATIO, "short"),
            Query(variance_ratio(), LEGEND),
            filled=False,
        ),
        series(
            Header("Inputs", "Rows and images whose features were watched, per second.", "cps", 24, 6),
            Query(per_second(rows)),
            per_slot=True,
        ),
    ]


def drift() -> list[Panel]:
    """Say which feature of rows the newest windows find changed."""
    distance = Query(of_each("drift_feature_distance", "max"), LEGEND)
    return [
        bars(Header("Distance now", DISTANCE, "short", 12, 8, nothing=OF_ROWS_ONLY), distance, maximum=1),
        note(
            Header("How to read drift", "What the numbers below this heading say.", "none", 12, 8),
            HOW_TO_READ_DRIFT,
        ),
        series(
            Header("Distance of each feature", f"{DISTANCE} {ABOVE}", "short", nothing=OF_ROWS_ONLY),
            distance,
            Query(threshold(), "{{slot}} threshold"),
            dashed="threshold",
        ),
        series(
            Header("p-value of each feature", P_VALUE, "short", nothing=OF_ROWS_ONLY),
            Query(of_each("drift_feature_p_value", "min"), LEGEND),
            maximum=1,
        ),
    ]


def features() -> Dashboard:
    """Build the dashboard."""
    description = "What comes in against what the models were trained on, feature by feature."
    frame = dashboard("features", "Features", description, CHOSEN_SLOTS).with_variable(slot_variable())
    return fill(frame, [Section("", inputs()), Section("Drift of each feature of rows", drift())])
