"""The panels about a shadow: how often it would have answered otherwise, and how far apart the two are."""

from grafana.generator.expressions import or_else, per_second
from grafana.generator.panel_kinds import Header, Panel, Query, series

DISAGREEMENT = (
    "Share of the pairs of production's answer and its shadow's, to the same input, with two labels; 0 where "
    "there are none. `make release DO='shadow report'` has the confusion table."
)
DISTANCE = (
    "Mean total variation distance of the pairs' probabilities: 0 where they are the same, 1 where they have "
    "nothing in common. It moves before the labels do."
)
PAIRS = (
    "Joined from samples some 15 s late. no_partner: only one of the two was sampled and stored; ambiguous: "
    "several requests had one id; no_classes: a regressor's."
)

LEGEND = "{{of}}"


def of_pairs(ratio: str, name: str) -> str:
    """Give a ratio its name; what says that there are no pairs where it is NaN."""
    return or_else(f'label_replace({ratio} >= 0, "of", "{name}", "", "")', "of", "no pairs")


def shadow() -> list[Panel]:
    """Compare a shadow with production."""
    pairs = per_second("shadow_pairs_total")
    distance, count = (per_second(f"shadow_probability_distance_{part}") for part in ("sum", "count"))
    return [
        series(
            Header("Shadow disagreement", DISAGREEMENT, "percentunit", 8),
            Query(of_pairs(f"{per_second('shadow_disagreements_total')} / {pairs}", "disagree"), LEGEND),
            maximum=1,
        ),
        series(
            Header("Shadow distance", DISTANCE, "short", 8),
            Query(of_pairs(f"{distance} / {count}", "mean distance"), LEGEND),
            maximum=1,
        ),
        series(
            Header("Shadow pairs", PAIRS, "cps", 8),
            Query(pairs, "pairs"),
            Query(per_second("shadow_unpaired_total", "reason"), "{{reason}}"),
        ),
    ]
