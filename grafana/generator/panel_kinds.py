"""The kinds of panel that the dashboards use, each with all that a panel must have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from grafana_foundation_sdk.builders import bargauge, common, gauge, prometheus, stat, table, text, timeseries
from grafana_foundation_sdk.builders.dashboard import FieldColor, ThresholdsConfig
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat
from grafana_foundation_sdk.models.text import TextMode

from service.slots import CANDIDATE, STABLE

DATASOURCE = common_models.DataSourceRef(type_val="prometheus", uid="prometheus")
SLOT_COLOURS = {STABLE: "blue", CANDIDATE: "orange"}

Panel = timeseries.Panel | stat.Panel | bargauge.Panel | gauge.Panel | table.Panel | text.Panel
P = TypeVar("P", timeseries.Panel, stat.Panel, bargauge.Panel, gauge.Panel, table.Panel)
Steps = Sequence[tuple[float | None, str]]  # a colour from this value on; None begins the scale


@dataclass(frozen=True)
class Query:
    """One expression and the legend of its series; `instant` asks for the newest value only."""

    expression: str
    legend: str = "{{slot}}"
    instant: bool = False


@dataclass(frozen=True)
class Header:
    """What stands above a panel, its unit and its size: columns of 24, rows of 30 pixels.

    `nothing` is what it says where there is no value.
    """

    title: str
    description: str
    unit: str
    width: int = 12
    height: int = 8
    nothing: str = ""


def series(
    header: Header,
    *queries: Query,
    minimum: float | None = 0,
    maximum: float | None = None,
    thresholds: Steps = (),
    stacked: bool = False,
    per_slot: bool = False,
    dashed: str = "",
    colours: Mapping[str, str] | None = None,
    filled: bool = True,
) -> timeseries.Panel:
    """Draw lines over time; `dashed` is a word of the dashed ones.

    `per_slot` gives each slot its colour, `colours` one to each line whose legend has a word of it. Below
    the lines of a panel's only query it is `filled` a little.
    """
    panel = (
        _with_header(timeseries.Panel(), header, queries)
        .line_width(2)
        .fill_opacity(60 if stacked else 8 if filled and len(queries) == 1 else 0)
    )
    panel.show_points(common_models.VisibilityMode.NEVER).span_nulls(False)
    panel.legend(_legend()).tooltip(_tooltip())
    panel.color_scheme(FieldColor().mode(models.FieldColorModeId.PALETTE_CLASSIC_BY_NAME))
    if minimum is not None:
        panel.min(minimum)
    if maximum is not None:
        panel.max(maximum)
    if stacked:
        panel.stacking(common.StackingConfig().mode(common_models.StackingMode.NORMAL))
    if thresholds:
        panel.thresholds(_steps(thresholds)).thresholds_style(
            common.GraphThresholdsStyleConfig().mode(common_models.GraphThresholdsStyleMode.DASHED)
        )
    if dashed:
        style = models.DynamicConfigValue(id_val="custom.lineStyle", value={"fill": "dash", "dash": [6, 4]})
        panel.override_by_regexp(rf"/\b{dashed}\b/", [style])
    return _coloured(panel, SLOT_COLOURS if per_slot else colours or {})


def number(
    header: Header,
    *queries: Query,
    thresholds: Steps = (),
    sparkline: bool = True,
    decimals: int | None = None,
) -> stat.Panel:
    """Show the newest value large, coloured by its threshold."""
    panel = _with_header(stat.Panel(), header, queries).reduce_options(_newest())
    panel.text_mode(common_models.BigValueTextMode.VALUE_AND_NAME)
    panel.color_mode(common_models.BigValueColorMode.VALUE).thresholds(
        _steps(thresholds or ((None, "blue"),))
    )
    area = common_models.BigValueGraphMode.AREA if sparkline else common_models.BigValueGraphMode.NONE
    return (panel if decimals is None else panel.decimals(decimals)).graph_mode(area)


def states(header: Header, query: Query, meanings: dict[int, tuple[str, str]]) -> stat.Panel:
    """Show each series as a tile whose value is a word and a colour."""
    panel = number(header, query, sparkline=False).color_mode(
        common_models.BigValueColorMode.BACKGROUND_SOLID,
    )
    panel.color_scheme(FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
    words = {
        str(value): models.ValueMappingResult(text=word, color=colour, index=index)
        for index, (value, (word, colour)) in enumerate(meanings.items())
    }
    return panel.mappings([models.ValueMap(options=words)])


def bars(header: Header, *queries: Query, maximum: float | None = None) -> bargauge.Panel:
    """Show the present values as horizontal bars, in the colours of the slots; what has ended has no bar."""
    present = [replace(query, instant=True) for query in queries]
    panel = _with_header(bargauge.Panel(), header, present).min(0).reduce_options(_newest())
    panel.orientation(common_models.VizOrientation.HORIZONTAL)
    panel.display_mode(common_models.BarGaugeDisplayMode.BASIC).thresholds(_steps(((None, "blue"),)))
    return _coloured(panel if maximum is None else panel.max(maximum), SLOT_COLOURS)


def dial(header: Header, query: Query, thresholds: Steps) -> gauge.Panel:
    """Show a share of 1 on a dial."""
    panel = _with_header(gauge.Panel(), header, [query]).min(0).max(1).reduce_options(_newest())
    return panel.thresholds(_steps(thresholds)).show_threshold_markers(True)


def labels_table(
    header: Header,
    expression: str,
    columns: Sequence[str],
    *,
    value: str = "",
    words: dict[int, str] | None = None,
    newest_first: bool = False,
) -> table.Panel:
    """List the labels of the series, a row each; their values too, in a column of the name `value`.

    `words` stand in the place of some values. The rows are sorted by the first column, or by the value.
    """
    panel = _with_header(table.Panel(), header, [])
    query = prometheus.Dataquery().expr(expression).instant().format(PromQueryFormat.TABLE).ref_id("A")
    hidden = {"Time": True} | ({} if value else {"Value": True})
    order = {column: index for index, column in enumerate(columns)}
    options = {
        "excludeByName": hidden,
        "indexByName": order,
        "renameByName": {"Value": value} if value else {},
    }
    panel.with_target(query.datasource(DATASOURCE))
    if words:
        mapped = {str(number): models.ValueMappingResult(text=word) for number, word in words.items()}
        panel.mappings([models.ValueMap(options=mapped)])
    if newest_first:
        panel.sort_by([common.TableSortByFieldState().display_name(value).desc(True)])
    return panel.with_transformation(models.DataTransformerConfig(id_val="organize", options=options))


def note(header: Header, markdown: str) -> text.Panel:
    """Say something in words."""
    panel = text.Panel().title(header.title).description(header.description).datasource(DATASOURCE)
    return panel.span(header.width).height(header.height).mode(TextMode.MARKDOWN).content(markdown)


def _with_header(panel: P, header: Header, queries: Sequence[Query]) -> P:
    panel.title(header.title).description(header.description).unit(header.unit).datasource(DATASOURCE)
    panel.span(header.width).height(header.height)
    if header.nothing:
        panel.no_value(header.nothing)
    for index, query in enumerate(queries):
        target = prometheus.Dataquery().expr(query.expression).legend_format(query.legend)
        target.ref_id(chr(ord("A") + index)).datasource(DATASOURCE)
        panel.with_target(target.instant() if query.instant else target.range())
    return panel


def _coloured(panel: P, colours: Mapping[str, str]) -> P:
    for word, colour in colours.items():
        value = {"mode": "fixed", "fixedColor": colour}
        panel.override_by_regexp(rf"/\b{word}\b/", [models.DynamicConfigValue(id_val="color", value=value)])
    return panel


def _steps(steps: Steps) -> ThresholdsConfig:
    thresholds = [models.Threshold(value=value, color=colour) for value, colour in steps]
    return ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(thresholds)


def _newest() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().calcs(["lastNotNull"]).values(False)


def _legend() -> common.VizLegendOptions:
    legend = common.VizLegendOptions().display_mode(common_models.LegendDisplayMode.LIST)
    return legend.placement(common_models.LegendPlacement.BOTTOM).show_legend(True)


def _tooltip() -> common.VizTooltipOptions:
    return common.VizTooltipOptions().mode(common_models.TooltipDisplayMode.MULTI)
