"""Commands about the traffic: split, swap, which, shadow."""

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Annotated, Any, Protocol

import typer
from rich.console import Console

from release.options import Json, Who, Why
from release.traffic.confirmation import TAKEN_SECONDS, Confirmation, Seen
from release.traffic.report import NOT_TAKEN, shadow_shown, told, traffic_table
from release.traffic.views import ShadowView, TrafficView
from service.slots import CANDIDATE, STABLE

LOOK_SECONDS = 0.5
CONFIRM_SECONDS = 15.0
ALL_CELLS = 1024

Wait = Annotated[float, typer.Option(min=0, help="For how many seconds at most to count what is served.")]
Weight = Annotated[int, typer.Argument(min=0, max=1000)]


class Client(Protocol):
    """Asks the release program."""

    def get(self, path: str, **asked: Any) -> str:
        """Return an answer's text, which is JSON."""

    def post(self, path: str, order: Mapping[str, Any]) -> str:
        """Order something, and return the answer's text."""


def add_commands(
    app: typer.Typer,
    asking: Callable[[], AbstractContextManager[Client]],
    console: Callable[[], Console],
) -> None:
    """Register the commands; `asking` gives the client, and ends the command where that cannot do it."""

    @app.command(help=f"Split the traffic between {STABLE} and {CANDIDATE}, such as 80 20, or 100 0.")
    def split(
        stable: Weight,
        candidate: Weight,
        who: Who = "somebody",
        why: Why = "",
        wait: Wait = CONFIRM_SECONDS,
    ) -> None:
        """Set the weights."""
        with asking() as client:
            order = {"stable": stable, "candidate": candidate, "who": who, "why": why}
            _confirm(client, client.post("/traffic/split", order), wait, console())

    @app.command()
    def swap(who: Who = "somebody", why: Why = "", wait: Wait = CONFIRM_SECONDS) -> None:
        """Make the tested slot production, and production the tested one; once more takes it back."""
        with asking() as client:
            _confirm(client, client.post("/traffic/swap", {"who": who, "why": why}), wait, console())

    @app.command()
    def which(*, json: Json = False) -> None:
        """Say which slot is production and which is tested, and where requests go."""
        with asking() as client:
            answer = client.get("/traffic")
            if json:
                typer.echo(answer)
            else:
                console().print(traffic_table(_view(answer)))

    @app.command()
    def shadow(
        what: Annotated[str, typer.Argument(help="How many percent to copy, or off, or report.")],
        who: Who = "somebody",
        why: Why = "",
        *,
        json: Json = False,
    ) -> None:
        """Copy predictions to the tested slot, whose answers nobody gets; report what it would have said."""
        with asking() as client:
            if what != "report":
                percent = "0" if what == "off" else what.removesuffix("%")
                order = {"percent": percent, "who": who, "why": why}
                _wait_until_taken(client, client.post("/traffic/shadow", order), console())
                return
            answer = client.get("/shadow", cells=ALL_CELLS)
            if json:
                typer.echo(answer)
            else:
                console().print(shadow_shown(ShadowView.model_validate_json(answer)))


def _wait_until_taken(client: Client, answer: str, console: Console) -> None:
    """Look until nginx has the order in effect; end the command with 1 where it does not take it."""
    view = _view(answer)
    give_up = time.monotonic() + TAKEN_SECONDS
    with console.status("waiting for nginx to take it"):
        while not view.in_effect and time.monotonic() < give_up:
            time.sleep(LOOK_SECONDS)
            view = _view(client.get("/traffic"))
    console.print(traffic_table(view))
    if not view.in_effect:
        console.print(NOT_TAKEN, soft_wrap=True)
        raise typer.Exit(1)


def _confirm(client: Client, answer: str, seconds: float, console: Console) -> None:
    """Look until it is known whether the order is done; end the command with 1 where it is not."""
    view = _view(answer)
    is_sticky = view.experiment is not None
    confirmation = Confirmation(view.candidate_share, seconds, by_visitors=is_sticky, clock=time.monotonic)
    with console.status(told(confirmation)) as status:
        while not confirmation.see(Seen(view.in_effect, view.answered)).is_over:
            status.update(told(confirmation))
            time.sleep(LOOK_SECONDS)
            view = _view(client.get("/traffic"))
    console.print(traffic_table(view))
    console.print(told(confirmation), soft_wrap=True)
    if confirmation.stage.is_failure:
        raise typer.Exit(1)


def _view(answer: str) -> TrafficView:
    return TrafficView.model_validate_json(answer)
