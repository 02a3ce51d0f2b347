"""The panels about drift: what the detectors found, and whether they still look."""

from grafana.generator.expressions import or_zero, per_second, selector
from grafana.generator.panels import Header, Panel, Query, number, series

P_VALUE = (
    "How likely such a window is if nothing changed. Below 0.05 (P_VALUE_THRESHOLD) it counts as drifted."
)
P_VALUE_STEPS = ((None, "red"), (0.05, "green"))
WINDOWS = "Drifted windows among the last 5. The alert fires at 3: a single one is often chance."
WINDOWS_STEPS = ((None, "green"), (1, "yellow"), (3, "red"))


def p_value(slots: str) -> Query:
    """Ask for each slot's newest p-value."""
    return Query(f"min by (slot) ({selector('drift_p_value', slots)})")


def p_value_series(slots: str, width: int = 12) -> Panel:
    """Plot the p-values of the windows."""
    header = Header("p-value", P_VALUE, "short", width)
    return series(
        header, p_value(slots), maximum=1, thresholds=((None, "transparent"), (0.05, "red")), per_slot=True
    )


def drifted_windows(slots: str) -> Query:
    """Ask how many of the last five windows drifted."""
    drifted = selector("drift_windows_recent", slots, 'drift="true"')
    return Query(f"max by (slot) ({drifted})")


def distance(slots: str, width: int = 12) -> Panel:
    """Plot how far the windows are from the reference, beside what chance allows."""
    return series(
        Header(
            "Drift distance and threshold",
            "How far the window is from the reference. Above the threshold: drifted.",
            "short",
            width,
        ),
        Query(f"max by (slot) ({selector('drift_distance', slots)})", "{{slot}} distance"),
        Query(f"max by (slot) ({selector('drift_threshold', slots)})", "{{slot}} threshold"),
        per_slot=True,
        dashed="threshold",
        minimum=None,  # the unbiased estimate falls below zero where nothing drifts
    )


def detector(slots: str) -> list[Panel]:
    """Show that the detectors keep up."""
    written = per_second(selector("samples_written_total", slots))
    dropped = or_zero(per_second(selector("samples_dropped_total", slots)), slots)
    return [
        series(
            Header("Drifted windows of the last 5", WINDOWS, "short", width=6),
            drifted_windows(slots),
            maximum=5,
            thresholds=((None, "transparent"), (3, "red")),
            per_slot=True,
        ),
        series(
            Header("Backlog", "Samples in MongoDB that no window has held yet.", "short", width=6),
            Query(f"max by (slot) ({selector('drift_backlog_samples', slots)})"),
            per_slot=True,
        ),
        number(
            Header(
                "Newest result",
                "Age of the newest drift result. It grows while nobody sends images.",
                "s",
                width=6,
            ),
            Query(selector("slot:drift_last_scored:age_seconds", slots)),
            thresholds=((None, "green"), (300, "yellow")),
            decimals=0,
        ),
        series(
            Header(
                "Samples",
                "Samples per second on their way to MongoDB. A drop is lost for drift detection.",
                "cps",
                6,
            ),
            Query(written, "{{slot}} written"),
            Query(dropped, "{{slot}} dropped"),
            per_slot=True,
            dashed="dropped",
        ),
    ]
