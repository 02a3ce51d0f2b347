"""What the dashboards have around their panels: rows, ids, time range, refresh, variables, annotations."""

from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders.dashboard import (
    AnnotationQuery,
    CustomVariable,
    Dashboard,
    DashboardLink,
    Row,
)
from grafana_foundation_sdk.models.dashboard import DashboardCursorSync, DashboardLinkType, VariableOption

from grafana.generator.expressions import DECIDED_AT
from grafana.generator.panel_kinds import DATASOURCE, SLOT_COLOURS, Panel


@dataclass(frozen=True)
class Section:
    """Panels under a heading; the first section of a dashboard needs none."""

    heading: str
    panels: Sequence[Panel]


def dashboard(uid: str, title: str, description: str, slots: str) -> Dashboard:
    """Begin a dashboard that refreshes every five seconds."""
    frame = Dashboard(title).uid(uid).description(description).tags(["model-serving"]).editable()
    frame.time("now-30m", "now").refresh("5s").timezone("browser").tooltip(DashboardCursorSync.CROSSHAIR)
    frame.link(_to_the_others())
    drift = f'ALERTS{{alertname="DriftDetected",alertstate="firing",{slots}}}'
    others = 'ALERTS{alertname!="DriftDetected",alertstate="firing"}'
    frame.annotation(_decisions())
    frame.annotation(_annotation("Drift", drift, "purple", "Drift on {{slot}}", enabled=True))
    return frame.annotation(_annotation("Alerts", others, "red", "{{alertname}}: {{slot}}", enabled=False))


def slot_variable() -> CustomVariable:
    """Let the reader choose the slots; both at first."""
    variable = CustomVariable("slot").label("Slot").description("The model to look at.")
    variable.values(",".join(SLOT_COLOURS)).multi(True).include_all(True).allow_custom_value(False)
    everything = VariableOption(selected=True, text=["All"], value=["$__all"])
    options = [VariableOption(selected=False, text=slot, value=slot) for slot in SLOT_COLOURS]
    return variable.current(everything).options([VariableOption(True, "All", "$__all"), *options])


def fill(frame: Dashboard, sections: Sequence[Section]) -> Dashboard:
    """Put the sections below one another and number the panels."""
    number = 0
    for section in sections:
        if section.heading:
            number += 1
            frame.with_row(Row(section.heading).id(number))
        for panel in section.panels:
            number += 1
            frame.with_panel(panel.id(number))
    return frame


def _annotation(name: str, expression: str, colour: str, title: str, *, enabled: bool) -> AnnotationQuery:
    query = AnnotationQuery().name(name).datasource(DATASOURCE).enable(enabled).icon_color(colour)
    return query.expr(expression).step("5s").title_format(title).text_format("{{severity}}").tag_keys("slot")


def _decisions() -> AnnotationQuery:
    """Mark what was decided about releases, each decision at the time that is its value."""
    query = _annotation("Decisions", DECIDED_AT, "yellow", "{{decision}}", enabled=True)
    return query.use_value_for_time(True).text_format("{{release}}: {{why}}").tag_keys("who")


def _to_the_others() -> DashboardLink:
    link = DashboardLink("Dashboards").type(DashboardLinkType.DASHBOARDS).tags(["model-serving"])
    return link.as_dropdown(False).keep_time(True).include_vars(False)
