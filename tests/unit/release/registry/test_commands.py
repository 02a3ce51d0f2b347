"""The commands about versions, as people see them."""

import json
from collections.abc import Mapping
from contextlib import nullcontext
from io import StringIO
from typing import Any

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner, Result

from release.registry.commands import NONE_KNOWN, add_commands

OLD = {"model": "cnn", "version": "1", "sha256": "a" * 64, "created_at": None, "lineage": None}
NEW = {
    "model": "cnn",
    "version": "2",
    "sha256": "b" * 64,
    "created_at": "2026-11-30T10:00:00+02:00",
    "lineage": {"dataset": {"version": "d7"}, "metrics": {"golden": {"n": 20, "accuracy": 0.925}}},
}
VALUES = {"golden": {"n": 20, "accuracy": None, "rmse": 0.51234}}


class FakeClient:
    """A release program that knows these versions."""

    def __init__(self, *versions: Mapping[str, Any]) -> None:
        self.versions = versions
        self.orders: list[tuple[str, Mapping[str, Any]]] = []

    def get(self, path: str, **asked: Any) -> str:
        """Answer with the versions."""
        assert (path, asked) == ("/models", {})
        return json.dumps({"models": self.versions})

    def post(self, path: str, order: Mapping[str, Any]) -> str:
        """Note an order."""
        self.orders.append((path, order))
        return json.dumps({"package": NEW})


def run(client: FakeClient, *words: str) -> tuple[Result, str]:
    app, file = typer.Typer(), StringIO()
    add_commands(app, lambda: nullcontext(client), lambda: Console(file=file, width=140))
    return CliRunner().invoke(app, words), file.getvalue()


def test_versions_are_a_row_each() -> None:
    """What is not known is a dash."""
    client = FakeClient({**NEW, "where": ["archive"]}, {**OLD, "where": ["production", "candidate"]})
    done, text = run(client, "models")
    assert done.exit_code == 0
    rows = [" ".join(line.split()) for line in text.splitlines()]
    assert rows == [
        "model version checksum where created (UTC) golden dataset",
        "cnn 2 bbbbbbbbbbbb archive 2026-11-30 08:00 92.5% d7",
        "cnn 1 aaaaaaaaaaaa production, candidate - - -",
    ]


def test_a_regressor_has_an_error_in_place_of_an_accuracy() -> None:
    """Of its golden set too."""
    lineage = {"dataset": {"version": "d8"}, "metrics": VALUES}
    _, text = run(FakeClient({**NEW, "where": ["archive"], "lineage": lineage}), "models")
    assert "RMSE 0.5123" in text


@pytest.mark.parametrize(("words", "expected"), [(["models"], NONE_KNOWN), (["models", "--json"], "")])
def test_none_is_said_too(words: list[str], expected: str) -> None:
    """For programs as the answer that it was."""
    done, text = run(FakeClient(), *words)
    assert text.strip() == expected
    assert done.output.strip() == ("" if expected else '{"models": []}')


def test_a_version_becomes_the_candidate() -> None:
    """The order has who and why; the answer names it."""
    client = FakeClient()
    done, text = run(client, "candidate", "bbbbbbbb", "--who", "ann", "--why", "better")
    assert client.orders == [("/candidate", {"package": "bbbbbbbb", "who": "ann", "why": "better"})]
    assert (done.exit_code, text) == (0, "model_server_new serves cnn 2 (bbbbbbbbbbbb).\n")
