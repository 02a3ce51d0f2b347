"""The folder of all runs: of each a folder with `run.json`, and what its steps have made."""

import fcntl
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from retraining.runs.run import Run, Trigger
from service import durable

RUN_FILE, STOP_FILE = "run.json", "stop"

logger = logging.getLogger(__name__)


class AnotherRun(Exception):
    """A run is under way; there is one at a time."""


class Runs:
    """The runs of a task, the newest last."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[Path, tuple[tuple[int, int, int], Run | None]] = {}

    def path(self, run: str) -> Path:
        """Return a run's folder."""
        return self.folder / run

    def all(self) -> list[Run]:
        """Return every run that can be read, the newest first."""
        files = sorted(self.folder.glob(f"*/{RUN_FILE}"), reverse=True)
        return [run for run in map(self._read, files) if run is not None]

    def newest(self) -> Run | None:
        """Return the run that was begun last; None where there was none."""
        return next(iter(self.all()), None)

    def find(self, run_id: str) -> Run | None:
        """Return the run of an id, which may be a stranger's; None where there is none."""
        return next((run for run in self.all() if run.id == run_id), None)

    def open(self) -> Run | None:
        """Return the run that is under way, or whose end was not told yet."""
        return next((run for run in self.all() if not run.told), None)  # the clock may have gone back

    def begin(self, trigger: Trigger, who: str, why: str, now: datetime) -> Run:
        """Begin a run; AnotherRun where one is under way."""
        with self._locked():
            if under_way := self.open():
                raise AnotherRun(
                    f"run {under_way.id} is under way, begun by {under_way.who}: {under_way.why}"
                )
            run = Run(id=f"{now:%Y%m%dT%H%M%SZ}", trigger=trigger, who=who, why=why, begun_at=now)
            if self.path(run.id).exists():
                raise AnotherRun(f"run {run.id} has just ended: ask again")
            durable.make_folder(self.path(run.id))
            self.save(run)
            return run

    def stop(self, run: str, who: str, why: str) -> None:
        """Have a run end before its next step, or where it waits."""
        durable.write(self.path(run) / STOP_FILE, f"stopped by {who}{': ' if why else ''}{why}".encode())

    def stopped(self, run: str) -> str | None:
        """Return who has stopped a run, and why; None where nobody has."""
        file = self.path(run) / STOP_FILE
        return file.read_text("utf-8") if file.exists() else None

    def save(self, run: Run) -> None:
        """Keep how far a run is."""
        durable.write(self.path(run.id) / RUN_FILE, run.model_dump_json(indent=1).encode())

    def _read(self, path: Path) -> Run | None:
        """Return a run, read anew where its file is another one: all are asked for each second."""
        status = path.stat()
        state = (status.st_ino, status.st_mtime_ns, status.st_size)
        known = self._known.get(path)
        if known is None or known[0] != state:
            known = self._known[path] = (state, _parsed(path))
        return known[1]

    @contextmanager
    def _locked(self) -> Iterator[None]:
        durable.make_folder(self.folder)
        with (self.folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _parsed(path: Path) -> Run | None:
    try:
        return Run.model_validate_json(path.read_bytes())
    except ValidationError as error:
        logger.warning("a run is passed over: %s: %s", path, error)
        return None
