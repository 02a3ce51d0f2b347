"""The commands about the traffic, as people see them."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from io import StringIO
from typing import Any

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner, Result

from release.traffic import commands
from release.traffic.commands import add_commands
from release.traffic.report import confusion_table, shadow_shown
from release.traffic.views import CellView, ShadowView

VIEW = {
    "production": "model_server",
    "tested": "model_server_new",
    "weights": {"model_server": 80, "model_server_new": 20},
    "candidate_share": 0.2,
    "draws": False,
    "experiment": None,
    "shadow_percent": 0.0,
    "in_effect": True,
}
REPORT = {
    "comparisons": [
        {
            "production": {"model": "cnn", "version": "1", "sha256": "a" * 64},
            "candidate": {"model": "cnn", "version": "2", "sha256": "b" * 64},
            "first_at": "2026-11-29T08:00:00Z",
            "last_at": "2026-11-29T09:00:00Z",
            "pairs": 100,
            "disagreements": 7,
            "disagreement_rate": 0.07,
            "disagreement_rate_interval": [0.02, 0.16],
            "mean_probability_distance": 0.0321,
            "confusion": [
                {"production": "apple", "candidate": "apple", "pairs": 93},
                {"production": "apple", "candidate": "lemon", "pairs": 7},
            ],
            "pairs_elsewhere": 0,
        }
    ],
    "unpaired": {"no_partner": 3, "ambiguous": 0, "no_classes": 0},
}


@dataclass
class FakeClient:
    """A release program whose slots answer with a share, so many requests between two looks."""

    candidate: int = 20
    requests: int = 100
    view: Mapping[str, Any] = field(default_factory=lambda: VIEW)
    orders: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    looks: int = 0

    def get(self, path: str, **asked: Any) -> str:
        """Answer."""
        if path == "/shadow":
            assert asked["cells"] > 100
            return json.dumps(REPORT)
        self.looks += 1
        candidate = self.looks * self.candidate
        stable = self.looks * (self.requests - self.candidate)
        return json.dumps({**self.view, "answered": {"stable": stable, "candidate": candidate}})

    def post(self, path: str, order: Mapping[str, Any]) -> str:
        """Note an order."""
        self.orders.append((path, order))
        return self.get("/traffic")


class Watch:
    """A time in which only sleep passes."""

    def __init__(self) -> None:
        self.time = 0.0

    def monotonic(self) -> float:
        """Return it."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Let it pass."""
        self.time += seconds


Run = Callable[..., tuple[Result, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command against a client, and return what it printed."""
    monkeypatch.setattr(commands, "time", Watch())

    def run_command(client: FakeClient, *words: str) -> tuple[Result, str]:
        printed = StringIO()
        app = typer.Typer()
        add_commands(app, lambda: nullcontext(client), lambda: Console(file=printed, width=140))
        return CliRunner().invoke(app, words), printed.getvalue()

    return run_command


def test_a_split_is_confirmed_from_what_is_served(run: Run) -> None:
    """With both shares and what chance leaves open."""
    client = FakeClient()
    result, printed = run(client, "split", "80", "20", "--who", "ann", "--why", "friday")
    assert result.exit_code == 0
    assert client.orders == [
        ("/traffic/split", {"stable": 80, "candidate": 20, "who": "ann", "why": "friday"})
    ]
    assert "Confirmed: model_server_new answered 20.0% of 100 requests" in printed
    assert "20.0% wanted" in printed


def test_a_split_that_is_not_served_ends_with_1(run: Run) -> None:
    """A script sees it."""
    result, printed = run(FakeClient(candidate=60), "split", "80", "20")
    assert result.exit_code == 1
    assert "served otherwise" in printed


def test_a_split_that_nginx_does_not_take_ends_with_1(run: Run) -> None:
    """And says where the reason stands."""
    result, printed = run(FakeClient(view={**VIEW, "in_effect": False}), "split", "80", "20")
    assert result.exit_code == 1
    assert "nginx_config's" in printed


def test_too_little_traffic_is_no_failure_and_no_claim(run: Run) -> None:
    """It is in effect, which is all that is known."""
    result, printed = run(FakeClient(requests=4, candidate=1), "split", "80", "20", "--wait", "5")
    assert result.exit_code == 0
    assert "too little traffic to confirm" in printed
    assert "Confirmed" not in printed


def test_which_says_who_is_production(run: Run) -> None:
    """And which slot is tested, by which path."""
    _, printed = run(FakeClient(), "which")
    production, tested = printed.splitlines()[:2]
    assert production.split()[:2] == ["production", "model_server"]
    assert tested.split() == ["tested", "model_server_new", "POST", "/test/predict"]


def test_a_swap_is_an_order(run: Run) -> None:
    """Confirmed like a split."""
    client = FakeClient()
    result, printed = run(client, "swap", "--who", "ann")
    assert result.exit_code == 0
    assert client.orders == [("/traffic/swap", {"who": "ann", "why": ""})]
    assert "Confirmed" in printed


@pytest.mark.parametrize(("word", "percent"), [("25", "25"), ("12.5%", "12.5"), ("off", "0")])
def test_a_shadow_is_ordered_in_percent(run: Run, word: str, percent: str) -> None:
    """Or ended."""
    client = FakeClient()
    run(client, "shadow", word, "--who", "ann")
    assert client.orders == [("/traffic/shadow", {"percent": percent, "who": "ann", "why": ""})]


def test_a_shadow_that_nginx_does_not_take_ends_with_1(run: Run) -> None:
    """As a split does."""
    result, printed = run(FakeClient(view={**VIEW, "in_effect": False}), "shadow", "25")
    assert result.exit_code == 1
    assert "nginx_config's" in printed


@pytest.mark.parametrize("words", [("which", "--json"), ("shadow", "report", "--json")])
def test_a_script_gets_the_programs_own_answer(run: Run, words: Sequence[str]) -> None:
    """With all numbers."""
    result, _ = run(FakeClient(), *words)
    assert json.loads(result.stdout).keys() & {"candidate_share", "comparisons"}


def test_the_shadows_report_has_numbers_and_a_table(run: Run) -> None:
    """And says what is not in them."""
    client = FakeClient()
    _, printed = run(client, "shadow", "report")
    assert "100 pairs, 7 disagree: 7.00%" in printed
    assert "0.0321" in printed
    assert "lemon" in printed
    assert "without a pair: 3 whose" in printed
    assert not client.orders


def test_without_pairs_the_report_says_how_to_get_some() -> None:
    """It is empty at first."""
    [line] = shadow_shown(ShadowView(comparisons=(), unpaired={"no_partner": 0})).renderables
    assert "shadow 25" in str(line)


def test_many_classes_are_shown_by_their_most_frequent_disagreements() -> None:
    """A thousand columns fit no terminal."""
    cells = [CellView(production=str(n), candidate=str(n + n % 2), pairs=n) for n in range(100)]
    table = confusion_table(cells, elsewhere=0)
    assert [str(column.header) for column in table.columns] == ["production", "candidate", "pairs"]
    printed = StringIO()
    Console(file=printed).print(table)
    rows = [line.split("│")[1:4] for line in printed.getvalue().splitlines() if line.startswith("│")]
    assert [cell.strip() for cell in rows[0]] == ["99", "100", "99"]
    assert table.row_count == 20
