"""Start retrainings, watch them, read how they ended.

    python -m retraining.client start --watch --why "new packaging"

The program's address is RETRAINING_URL, or --url. Exit codes: 0 it is done, or the run was promoted; 1 it was
refused, or the run ended otherwise; 2 the program could not be asked.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr
from rich.console import Console
from rich.live import Live

from retraining.client import report
from retraining.client.program import RUNS, Away, CannotAsk, Refused, RetrainingProgram
from retraining.runs.run import Outcome, Run
from service.token import NoToken, SharedToken

LOOK_SECONDS, PATIENCE_SECONDS, SPINS_PER_SECOND = 1.0, 60.0, 8
AT_HOME, TOKEN_FILE, WIDE = "http://127.0.0.1:5400", ".local/data/release/token", 200
REFUSED, CANNOT_ASK, INTERRUPTED = 1, 2, 130

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, rich_markup_mode=None)

Url = Annotated[str, typer.Option(envvar="RETRAINING_URL", help="the retraining program's address")]
Who = Annotated[str, typer.Option(envvar="RETRAINING_WHO", help="who orders it; it stands in the history")]
Why = Annotated[str, typer.Option(help="why; it stands in the history")]
Named = Annotated[str, typer.Argument(metavar="[RUN]", help="its id; left out: the newest")]
Json = Annotated[bool, typer.Option("--json", help="print the program's own answer")]


@app.command()
def start(
    *,
    who: Who = "somebody",
    why: Why = "",
    watch: Annotated[bool, typer.Option("--watch", help="show it until it has ended")] = False,
    url: Url = AT_HOME,
) -> None:
    """Begin a run now, and print its id; there is one at a time."""
    with answering(url) as program:
        run = program.start(who, why)
        if watch:
            _finish(program, run)
        else:
            print(run.id)


@app.command()
def watch(run: Named = "", *, url: Url = AT_HOME) -> None:
    """Show a run until it has ended."""
    with answering(url) as program:
        _finish(program, _named(program, run))


@app.command("list")
def list_runs(
    *,
    limit: Annotated[int, typer.Option(min=1, help="how many, from the newest on")] = 20,
    json: Json = False,
    url: Url = AT_HOME,
) -> None:
    """List the runs, the newest first."""
    with answering(url) as program:
        runs = program.runs()[:limit]
        if json:
            print(RUNS.dump_json(runs).decode())
        else:
            console().print(report.listed(runs))


@app.command()
def show(run: Named = "", *, json: Json = False, url: Url = AT_HOME) -> None:
    """Show a run in full: its steps, what each check said, how it ended."""
    with answering(url) as program:
        found = _named(program, run)
        if json:
            print(found.model_dump_json())
        else:
            console().print(report.shown(found))


@app.command()
def stop(run: Named = "", *, who: Who = "somebody", why: Why = "", url: Url = AT_HOME) -> None:
    """Have a run end before its next step, or where it waits; without a name the newest one."""
    with answering(url) as program:
        stopped = program.stop(_named(program, run).id, who, why)
        print(f"run {stopped.id} ends before its next step")


@app.command()
def models(*, url: Url = AT_HOME) -> None:
    """List the models that runs have made; `python3 -m stack release models` says which is where."""
    with answering(url) as program:
        console().print(report.models_shown(program.runs()))


@contextmanager
def answering(url: str) -> Iterator[RetrainingProgram]:
    """Give the program; what goes wrong is said in a line, with the exit code."""
    try:
        with RetrainingProgram(url, token) as program:
            yield program
    except Refused as error:
        _end(str(error), REFUSED)
    except CannotAsk as error:
        _end(str(error), CANNOT_ASK)


def token() -> str:
    """Return the stack's token."""
    given, file = os.environ.get("RELEASE_TOKEN"), os.environ.get("RELEASE_TOKEN_FILE") or TOKEN_FILE
    try:
        return SharedToken(SecretStr(given) if given else None, Path(file)).read().get_secret_value()
    except NoToken as error:
        raise CannotAsk(str(error)) from None


def console() -> Console:
    """Return the terminal; texts have no markup, whoever wrote them."""
    found = Console(markup=False, highlight=False)
    return found if found.is_terminal else Console(markup=False, highlight=False, width=WIDE)


def _named(program: RetrainingProgram, run: str) -> Run:
    if run:
        return program.run(run)
    newest = next(iter(program.runs()), None)
    if newest is None:
        raise Refused(report.NONE_YET)
    return newest


def _finish(program: RetrainingProgram, run: Run) -> None:
    """Show a run until it has ended, and exit 1 where it was not promoted."""
    shown = console()
    try:
        ended = _watch_live(program, run, shown) if shown.is_terminal else _watch_in_lines(program, run)
    except KeyboardInterrupt:
        print(f"the run goes on; `watch {run.id}` shows it again", file=sys.stderr)
        sys.exit(INTERRUPTED)
    print(report.plain(report.end_line(ended)))
    if ended.outcome is not Outcome.PROMOTED:
        sys.exit(REFUSED)


def _watch_live(program: RetrainingProgram, run: Run, shown: Console) -> Run:
    with Live(console=shown, refresh_per_second=SPINS_PER_SECOND) as live:

        def show(now: Run, fault: str) -> None:
            progress = report.Progress()
            if not fault and report.step_under_way(now) in report.IN_A_PROCESS:
                progress = report.Progress.read(program.progress(run.id))
            live.update(report.watched(now, progress, datetime.now(UTC), fault), refresh=True)

        return _watched(program, run, show)


def _watch_in_lines(program: RetrainingProgram, run: Run) -> Run:
    said: dict[str, str] = {}

    def show(now: Run, fault: str) -> None:
        lines = {name: report.step_line(name, step) for name, step in now.steps.items()} | {"": fault}
        for name, line in lines.items():
            if line and said.get(name) != line:
                print(report.plain(line), flush=True)
        said.update(lines)

    print(f"run {run.id}", flush=True)
    return _watched(program, run, show)


def _watched(program: RetrainingProgram, now: Run, show: Callable[[Run, str], None]) -> Run:
    """Look at a run until it has ended; a program that starts again meanwhile is waited for.

    Raises:
        Away: it was away for too long.
    """
    last = time.monotonic()
    show(now, "")
    while now.outcome is None:
        time.sleep(LOOK_SECONDS)
        try:
            now, last = program.run(now.id), time.monotonic()
            show(now, "")
        except Away as away:
            if time.monotonic() > last + PATIENCE_SECONDS:
                raise
            show(now, str(away))
    return now


def _end(complaint: str, code: int) -> None:
    print(report.plain(f"error: {complaint}"), file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    app(prog_name="python -m retraining.client")
