"""Variables become values as Grafana makes them."""

import json
from pathlib import Path

import pytest

from grafana.viewer.queries import UnknownVariable, expand, intervals, iter_queries, legend_text, step_seconds

DOCUMENT = {
    "uid": "u",
    "title": "Board",
    "templating": {"list": [{"name": "slot", "type": "custom", "query": "a,b"}]},
    "panels": [
        {"id": 1, "type": "row", "title": "Row"},
        {
            "id": 2,
            "type": "stat",
            "title": "Up",
            "targets": [
                {
                    "refId": "A",
                    "expr": 'up{slot=~"$slot|shared"}',
                    "legendFormat": "{{slot}}",
                    "instant": True,
                },
                {"refId": "B", "expr": "rate(x_total[$__rate_interval])"},
            ],
        },
    ],
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "u.json"
    file.write_text(json.dumps(DOCUMENT))
    return file


def test_yields_every_query_of_every_panel(path: Path) -> None:
    """Rows ask nothing; a panel's queries come in order, with their place and kind."""
    found = [(one.dashboard, one.panel, one.legend, one.instant) for one in iter_queries(path)]
    assert found == [("Board", "Up", "{{slot}}", True), ("Board", "Up", "", False)]


def test_all_values_are_chosen_where_none_is_named(path: Path) -> None:
    """Without variables a query asks for every slot, over half an hour's intervals."""
    assert [one.expression for one in iter_queries(path)] == ['up{slot=~"a|b|shared"}', "rate(x_total[20s])"]


def test_named_values_win(path: Path) -> None:
    """What the caller names replaces the default."""
    named = iter_queries(path, {"slot": "a", "__rate_interval": "1m"})
    assert [one.expression for one in named] == ['up{slot=~"a|shared"}', "rate(x_total[1m])"]


@pytest.mark.parametrize("written", ["$slot", "${slot}", "${slot:regex}"])
def test_every_way_to_write_a_variable(written: str) -> None:
    """Grafana's three spellings mean the same."""
    assert expand(f'x{{slot=~"{written}"}}', {"slot": "a"}) == 'x{slot=~"a"}'


def test_unknown_variable_is_refused() -> None:
    """A variable without a value is an error, not an empty string that matches nothing."""
    with pytest.raises(UnknownVariable, match="nonsense"):
        expand("$nonsense", {})


def test_a_regular_expressions_end_is_no_variable() -> None:
    """A dollar sign before a quote stays."""
    assert expand('x{a=~"b$"}', {}) == 'x{a=~"b$"}'


def test_rate_interval_holds_four_scrapes() -> None:
    """Zoomed in, a rate still sees enough samples; zoomed out, it covers the distance between two points."""
    assert intervals(300)["__rate_interval"] == "20s"
    assert intervals(86400) == {"__interval": "240s", "__rate_interval": "245s", "__range": "86400s"}


def test_points_are_never_closer_than_the_scrapes() -> None:
    """A short time range has fewer points."""
    assert step_seconds(60) == 5


def test_legend_is_filled_with_labels() -> None:
    """A label that a series lacks leaves nothing behind."""
    assert legend_text("{{slot}} {{ label }}{{none}}", {"slot": "a", "label": "lemon"}) == "a lemon"


def test_series_without_a_legend_names_its_labels() -> None:
    """A query without legendFormat can still be told from the next."""
    assert legend_text("", {"slot": "a"}) == "slot=a"
