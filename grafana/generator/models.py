"""The dashboard of models: the versions, what is where, how good each was, what it was made of."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana.generator.expressions import BOTH_SLOTS, or_else
from grafana.generator.frame import Section, dashboard, fill
from grafana.generator.panel_kinds import Header, Panel, Query, bars, labels_table, number, series

NONE_SAYS = "no version says it"

WHERE = (
    "Production is the slot that people count on, candidate the one that is tried; archive is in neither. "
    '`make release DO="candidate ID"` tries a version by 8 digits of its checksum or more.'
)
ACCURACY = (
    "On each set of records, when a version was made, by its lineage. The golden set is the same for all."
)
PRESENT = "The same over time of what is in a slot: a step is another package there."
DATASETS = "The dataset that each version was trained on, by its lineage, and how many records it has."
CREATED = "When each version was made, by its lineage."

EACH = "model, version"


def in_slot(where: str) -> str:
    """Give the accuracies of what is production, or candidate, at each time."""
    accuracy = "max by (sha256, set) (model_version_accuracy)"
    there = f'max by (sha256, where) (model_version_info{{where="{where}"}})'
    return f"max by (where, set) ({accuracy} * on (sha256) group_left (where) {there})"


def what_is_where() -> list[Panel]:
    """List the versions, and count them."""
    return [
        labels_table(
            Header("Versions", WHERE, "none", 16, 9),
            f"max by ({EACH}, where, sha256) (model_version_info)",
            ["where", "model", "version", "sha256"],
        ),
        number(
            Header("Versions by place", "How many versions there are at each place.", "locale", 8, 9),
            Query(
                "count by (where) (max by (sha256, where) (model_version_info))", "{{where}}", instant=True
            ),
            sparkline=False,
            decimals=0,
        ),
    ]


def how_good() -> list[Panel]:
    """Compare the accuracies of the versions."""
    each = f"max by ({EACH}, set) (model_version_accuracy)"
    present = " or ".join(map(in_slot, ("production", "candidate")))
    return [
        bars(
            Header("Accuracy of each version", ACCURACY, "percentunit", 12, 9),
            Query(or_else(each, "model", NONE_SAYS), "{{model}} {{version}} {{set}}"),
            maximum=1,
        ),
        series(
            Header("Accuracy in the slots", PRESENT, "percentunit", 12, 9),
            Query(or_else(present, "where", NONE_SAYS), "{{where}} {{set}}"),
            maximum=1,
            filled=False,
        ),
    ]


def made_of() -> list[Panel]:
    """Say what the versions were trained on, and when."""
    records = f"max by ({EACH}, dataset) (model_version_records)"
    created = f"1000 * max by ({EACH}) (model_version_created_timestamp_seconds)"
    return [
        labels_table(
            Header("Dataset of each version", DATASETS, "locale", 12, 8),
            or_else(records, "model", NONE_SAYS),
            ["dataset", "Value", "model", "version"],
            value="records",
        ),
        labels_table(
            Header("When each version was made", CREATED, "dateTimeAsIso", 12, 8),
            or_else(created, "model", NONE_SAYS),
            ["Value", "model", "version"],
            value="when",
            words={0: "not known"},
            newest_first=True,
        ),
    ]


def models() -> Dashboard:
    """Build the dashboard."""
    description = "The versions of models: what is where, how good each was, and what it was made of."
    frame = dashboard("models", "Models", description, BOTH_SLOTS)
    sections = [
        Section("", what_is_where()),
        Section("Accuracy", how_good()),
        Section("Lineage", made_of()),
    ]
    return fill(frame, sections)
