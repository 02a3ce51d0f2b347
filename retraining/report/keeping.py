"""Reports of runs: that of an ended one is kept beside what it was made of."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from retraining.report.contents import report_of
from retraining.report.reading import read
from retraining.report.rendering import render
from retraining.runs.folder import Runs
from retraining.runs.run import Run
from service import durable
from training_data.task import Task

REPORT = "report.html"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reports:
    """The reports of a task's runs."""

    runs: Runs
    task: Task
    clock: Callable[[], datetime]

    def page(self, run: Run) -> str:
        """Return a run's report: the kept one, or what there is to say by now."""
        kept = self.runs.path(run.id) / REPORT
        return kept.read_text("utf-8") if run.outcome and kept.exists() else self.make(run)

    def keep(self, run: Run) -> None:
        """Keep the report of a run that has ended; one that cannot be made stops nothing."""
        path = self.runs.path(run.id) / REPORT
        if path.exists():
            return
        try:
            durable.write(path, self.make(run).encode())
        except Exception:
            logger.exception("no report", extra={"run": run.id})

    def make(self, run: Run) -> str:
        """Return the report as it would be made now."""
        found = read(self.runs.path(run.id), run, self.task)
        return render(report_of(run, found, self.task, self.clock()))
