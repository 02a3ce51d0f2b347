"""The panels about drift: what the detectors found, and whether they still look."""

from grafana.generator.expressions import or_zero, per_second, selector
from grafana.generator.panel_kinds import Header, Panel, Query, number, series

P_VALUE = (
    "How likely such a window is if nothing changed. Below 0.05 (p_value_threshold) it counts as drifted."
)
MODEL = "{{slot}} · {{model}} {{version}}"  # a reload begins a new line: another model, another reference
OF_MODEL = "slot, model, version"
P_VALUE_STEPS = ((None, "red"), (0.05, "green"))
WINDOWS = "Drifted windows among the last 5 (recent_windows). The alert fires at 3 (drifted_windows)."
WINDOWS_STEPS = ((None, "green"), (1, "yellow"), (3, "red"))


def p_value(slots: str) -> Query:
    """Ask for the newest p-value of each slot's model."""
    return Query(f"min by ({OF_MODEL}) ({selector('drift_p_value', slots)})", MODEL)


def p_value_series(slots: str, width: int = 12) -> Panel:
    """Plot the p-values of the windows."""
    header = Header("p-value", P_VALUE, "short", width)
    return series(
        header, p_value(slots), maximum=1, thresholds=((None, "transparent"), (0.05, "red")), per_slot=True
    )


def drifted_windows(slots: str) -> Query:
    """Ask how many of the last windows drifted."""
    drifted = selector("drift_windows_recent", slots, 'drift="true"')
    return Query(f"max by ({OF_MODEL}) ({drifted})", MODEL)


def distance(slots: str, width: int = 12) -> Panel:
    """Plot how far the windows are from the reference, beside what chance allows."""
    return series(
        Header(
            "Drift distance and threshold",
            "How far the window is from the reference. Above the threshold: drifted.",
            "short",
            width,
        ),
        Query(f"max by ({OF_MODEL}) ({selector('drift_distance', slots)})", f"{MODEL} distance"),
        Query(f"max by ({OF_MODEL}) ({selector('drift_threshold', slots)})", f"{MODEL} threshold"),
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
            Header("Drifted windows of the last", WINDOWS, "short", width=6),
            drifted_windows(slots),
            thresholds=((None, "transparent"), (3, "red")),
            per_slot=True,
        ),
        series(
            Header("Backlog", "Samples in MongoDB that no window has held yet.", "short", width=6),
            Query(f"sum by ({OF_MODEL}) ({selector('drift_backlog_samples', slots)})", MODEL),
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
                "Samples per second on their way to MongoDB, and what of them no window could use.",
                "cps",
                6,
            ),
            Query(written, "{{slot}} written"),
            Query(dropped, "{{slot}} dropped"),
            Query(per_second(selector("drift_samples_dropped_total", slots)), "{{slot}} not scored"),
            per_slot=True,
            dashed="(dropped|not scored)",
        ),
    ]
