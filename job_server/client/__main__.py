"""Hand jobs in, watch them, fetch their results.

    python -m job_server.client submit images/ --watch --results results.jsonl

The server's address is JOB_SERVER_URL, or --url.
"""

import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from job_server.client.packing import NothingToSend, packed
from job_server.client.server import JobAnswer, JobServer, JobServerError

PATIENCE_SECONDS = 60.0

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, rich_markup_mode=None)
told = Console(stderr=True, highlight=False, markup=False)

Url = Annotated[str, typer.Option(envvar="JOB_SERVER_URL", help="the job server's address")]
Results = Annotated[
    Path | None, typer.Option(help="where the results go; a name that ends with .csv has a table")
]
AT_HOME = "http://127.0.0.1:5100"


@app.command()
def submit(
    paths: Annotated[list[Path], typer.Argument(help="folders, images, a zip, a .csv, .jsonl or .json")],
    *,
    watch: Annotated[bool, typer.Option("--watch", help="show its progress until it has ended")] = False,
    results: Results = None,
    latest: Annotated[bool, typer.Option("--latest", help="each chunk by the newest package")] = False,
    key: Annotated[str, typer.Option(help="Idempotency-Key; the same body with it is one job")] = "",
    url: Url = AT_HOME,
) -> None:
    """Hand a job in, and print its id; --results waits for its end, as --watch does."""
    with answering(url) as server:
        job = _submit(server, paths, key or uuid.uuid4().hex, latest=latest)
        print(job["id"], flush=True)
        if watch or results:
            _finish(server, job["id"], results)


@app.command()
def watch(job: str, *, results: Results = None, url: Url = AT_HOME) -> None:
    """Show a job's progress until it has ended."""
    with answering(url) as server:
        _finish(server, job, results)


@app.command()
def results(
    job: str,
    path: Annotated[Path, typer.Argument(help="where they go; a name that ends with .csv has a table")],
    *,
    url: Url = AT_HOME,
) -> None:
    """Fetch the results that are there."""
    with answering(url) as server:
        server.save_results(job, path, as_csv=path.suffix.lower() == ".csv")


@app.command()
def cancel(job: str, *, url: Url = AT_HOME) -> None:
    """Have the rest of a job not tried; what is answered stays."""
    with answering(url) as server:
        print(summary(server.cancel(job)))


@app.command("list")
def list_jobs(*, url: Url = AT_HOME) -> None:
    """List the newest jobs."""
    with answering(url) as server:
        for one in server.jobs():
            print(one["id"], one["created_at"], summary(one))


@contextmanager
def answering(url: str) -> Iterator[JobServer]:
    """Give the server; what goes wrong is said in a sentence, with exit code 1."""
    try:
        with JobServer(url, PATIENCE_SECONDS, lambda text: told.print(printable(text))) as server:
            yield server
    except (JobServerError, NothingToSend) as error:
        sys.exit(printable(f"error: {error}"))


def bars(*columns: ProgressColumn) -> Progress:
    """Return progress bars, which a log does not get."""
    return Progress(*columns, console=told, transient=True, disable=not told.is_terminal)


def _submit(server: JobServer, paths: list[Path], key: str, *, latest: bool) -> JobAnswer:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with bars(*columns) as bar:
        packing = bar.add_task("packing", total=None)
        with packed(paths, lambda done, total: bar.update(packing, completed=done, total=total)) as body:
            bar.stop()
            with bars(*columns[:2], DownloadColumn()) as sending:
                task = sending.add_task("sending", total=body.size)
                return server.submit(
                    body, key, latest=latest, sent=lambda done: sending.update(task, completed=done)
                )


def _finish(server: JobServer, job: str, results: Path | None) -> None:
    columns = (
        TextColumn("{task.fields[state]}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[more]}"),
        TimeRemainingColumn(),
    )
    now: JobAnswer = {}
    try:
        with bars(*columns) as bar:
            task = bar.add_task("", total=None, state="queued", more="")
            for now in server.watched(job):
                more = f"{now['inputs_per_second'] or 0:.1f}/s, {now['failed']} failed"
                bar.update(task, completed=now["done"], total=now["total"], state=now["state"], more=more)
    except KeyboardInterrupt:
        told.print(f"the job goes on; `watch {job}` shows it again, `cancel {job}` ends it")
        sys.exit(130)
    told.print(summary(now))
    if results:
        server.save_results(job, results, as_csv=results.suffix.lower() == ".csv")
    if now["state"] != "done":
        sys.exit(1)


def summary(job: JobAnswer) -> str:
    """Say in a line how far a job is."""
    rate = f", {job['inputs_per_second']}/s" if job["inputs_per_second"] else ""
    by = f", {job['model']} {job['version'] or 'latest'}"
    return printable(f"{job['state']}: {job['done']} of {job['total']}, {job['failed']} failed{rate}{by}")


def printable(text: str) -> str:
    """Return text that does nothing to a terminal, whoever wrote it."""
    return "".join(one if one.isprintable() else "?" for one in text)


if __name__ == "__main__":
    app(prog_name="python -m job_server.client")
