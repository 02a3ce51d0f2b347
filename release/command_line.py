"""The commands: `python -m release COMMAND`."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live

from release.client import CannotDo, Client, from_environment
from release.display import history_shown, newest_shown
from release.lifecycle import Phase
from release.options import Json, Who, Why
from release.plan import DEFAULT
from release.registry import commands as registry_commands
from release.traffic import commands as traffic_commands
from release.views import Newest

WATCH_SECONDS = 1.0
WIDE = 140  # columns, where no terminal says how many it has

HELP = """Try a candidate beside the model that people use, promote it or take it back."""


app = typer.Typer(help=HELP, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
canary = typer.Typer(help="Give the candidate a share of the traffic, step by step.", no_args_is_help=True)
app.add_typer(canary, name="canary")


@contextmanager
def asking() -> Iterator[Client]:
    """Give the program's client; what it cannot do is one line, and exit code 1."""
    try:
        with from_environment() as client:
            yield client
    except CannotDo as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


@app.command()
def serve() -> None:
    """Run the program itself; the environment has its settings."""
    from release.serving import serve_release  # noqa: PLC0415 - commands are not to load what only it needs

    serve_release()


@app.command()
def status(
    *,
    watch: Annotated[bool, typer.Option(help="Show it until the release has ended, or Ctrl-C.")] = False,
    json: Json = False,
) -> None:
    """Show the newest release: phase, step, shares, each gate with its numbers, the last decision."""
    with asking() as client:
        if json and watch:
            follow_answers(client)
        elif json:
            typer.echo(client.get("/release"))
        elif watch:
            follow(client)
        else:
            show(client.newest())


@app.command()
def history(
    *,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, from the newest on.")] = 20,
    json: Json = False,
) -> None:
    """Show what was decided, by whom and why."""
    with asking() as client:
        if json:
            typer.echo(client.get("/decisions", limit=limit))
        else:
            console().print(history_shown(client.decisions(limit).root))


@app.command()
def rollback(who: Who = "somebody", why: Why = "") -> None:
    """Take the traffic back; after a promotion bring back the package from before it, too."""
    _finish("rollback", who, why, {Phase.ROLLED_BACK, Phase.ABORTED})


@canary.command()
def start(
    plan: Annotated[str, typer.Option(help="A plan of release/plan.toml.")] = DEFAULT,
    who: Who = "somebody",
    why: Why = "",
    *,
    package: Annotated[
        str | None, typer.Option(metavar="ID", help="The version to put into that slot first; see `models`.")
    ] = None,
    watch: Annotated[bool, typer.Option(help="Show it until it has ended, or Ctrl-C.")] = False,
) -> None:
    """Try the package in the candidate's slot by a plan."""
    with asking() as client:
        newest = client.start(plan, who, why, package)
        if watch:
            follow(client)
        else:
            show(newest)


@canary.command()
def pause(who: Who = "somebody", why: Why = "") -> None:
    """Leave the split as it is, and judge nothing until somebody resumes."""
    _order("pause", who, why)


@canary.command()
def resume(who: Who = "somebody", why: Why = "") -> None:
    """Go on after a pause; the step begins again, with its split."""
    _order("resume", who, why)


@canary.command()
def promote(who: Who = "somebody", why: Why = "") -> None:
    """Make the candidate's package the stable slot's now, whatever the gates say."""
    _finish("promote", who, why, {Phase.PROMOTED})


@canary.command()
def abort(who: Who = "somebody", why: Why = "") -> None:
    """Give the candidate no traffic any more."""
    _finish("abort", who, why, {Phase.ABORTED})


def show(newest: Newest) -> None:
    """Print a release."""
    console().print(newest_shown(newest, datetime.now(UTC)))


def follow(client: Client) -> None:
    """Show the newest release until it has ended; Ctrl-C ends the showing alone."""
    newest = client.newest()
    with Live(newest_shown(newest, datetime.now(UTC)), console=console(), auto_refresh=False) as live:
        try:
            while not newest.has_ended:
                time.sleep(WATCH_SECONDS)
                newest = client.newest()
                live.update(newest_shown(newest, datetime.now(UTC)), refresh=True)
        except KeyboardInterrupt:
            return


def follow_answers(client: Client) -> None:
    """Print the program's own answer, a line each second, until the release has ended: for other programs."""
    while True:
        answer = client.get("/release")
        typer.echo(answer)
        if Newest.model_validate_json(answer).has_ended:
            return
        time.sleep(WATCH_SECONDS)


def console() -> Console:
    """Return the terminal; texts have no markup, whoever wrote them."""
    found = Console(markup=False, highlight=False)
    return found if found.is_terminal else Console(markup=False, highlight=False, width=WIDE)


def _order(name: str, who: str, why: str) -> None:
    with asking() as client:
        show(client.order(name, who, why))


def _finish(name: str, who: str, why: str, wanted: set[Phase]) -> None:
    """Order what ends the release, wait for its end, and exit 1 where that is another one."""
    began = time.monotonic()
    with asking() as client:
        newest = client.wait_for_end(client.order(name, who, why))
        show(newest)
        phase = newest.release.phase if newest.release else None
        if phase not in wanted:
            raise CannotDo(f"not done: the release is {phase}")
        typer.echo(f"Done after {time.monotonic() - began:.1f} s.")


traffic_commands.add_commands(app, asking, console)
registry_commands.add_commands(app, asking, console)
