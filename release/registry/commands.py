"""Commands about the versions of models: list them, put one into the candidate's slot."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC
from typing import Annotated

import typer
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from release.options import Json, Who, Why
from release.registry.views import CandidateView, VersionsView, VersionView
from release.traffic.commands import Client
from service.slots import CANDIDATE

NONE_KNOWN = "No version of a model is known."
GOLDEN = "golden"
NOT_SAID = "-"

Asked = Annotated[
    str, typer.Argument(metavar="ID", help="8 digits of a version's checksum or more, or MODEL:VERSION.")
]


def add_commands(
    app: typer.Typer,
    asking: Callable[[], AbstractContextManager[Client]],
    console: Callable[[], Console],
) -> None:
    """Register the commands; `asking` gives the client, and ends the command where that cannot do it."""

    @app.command()
    def models(*, json: Json = False) -> None:
        """List the versions of models, and which is where; `candidate ID` tries one."""
        with asking() as client:
            answer = client.get("/models")
            if json:
                typer.echo(answer)
            else:
                console().print(versions_shown(VersionsView.model_validate_json(answer)))

    @app.command(help=f"Put a version into {CANDIDATE}; `canary start` then tries it.")
    def candidate(package: Asked, who: Who = "somebody", why: Why = "") -> None:
        """Put a version into the candidate's slot."""
        with asking() as client:
            answer = client.post("/candidate", {"package": package, "who": who, "why": why})
            found = CandidateView.model_validate_json(answer).package
            console().print(f"{CANDIDATE} serves {found}.")


def versions_shown(versions: VersionsView) -> RenderableType:
    """Show versions, the newest first."""
    if not versions.models:
        return Text(NONE_KNOWN)
    columns = ("model", "version", "checksum", "where", "created (UTC)", "golden", "dataset")
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for one in versions.models:
        created = f"{one.created_at.astimezone(UTC):%Y-%m-%d %H:%M}" if one.created_at else NOT_SAID
        cells = (one.model, one.version, one.sha256[:12], ", ".join(one.where), created, *_made_of(one))
        table.add_row(*(Text(cell, no_wrap=True) for cell in cells))
    return table


def _made_of(version: VersionView) -> tuple[str, str]:
    """Return how good it was on the golden set, and its dataset."""
    lineage = version.lineage or {}
    golden = lineage.get("metrics", {}).get(GOLDEN, {})
    dataset = lineage.get("dataset", {}).get("version", NOT_SAID)
    if (accuracy := golden.get("accuracy")) is not None:
        return f"{accuracy:.1%}", dataset
    if (rmse := golden.get("rmse")) is not None:
        return f"RMSE {rmse:.4g}", dataset
    return NOT_SAID, dataset
