"""Collect: wait until enough new records are here, make a data set of them, note what is to be learnt."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from inference.kept_packages import KeptPackages
from inference.manifest import BadModelPackage
from retraining.datasets.freezing import Repository, freeze, leave_inbox, new_shards, newest
from retraining.datasets.version import DatasetVersion
from retraining.learning.hyperparameters import read_hyperparameters
from retraining.learning.work import DATASET, WORK, Work
from retraining.runs.folder import Runs
from retraining.runs.run import Outcome, Run
from retraining.runs.running import Done, Ends, NotNow, Waits
from service import durable
from training_data.intake import Intake
from training_data.sides import SIDES
from training_data.task import Task

BEFORE = "before"  # the number of the data set that was there when the run began to make its own


@dataclass(frozen=True)
class Amount:
    """How many records a run wants, how long it waits for them, and how many it needs at least."""

    wanted: int
    least: int
    minutes: float
    most: int


@dataclass(frozen=True)
class Collect:
    """The step; `next_version` gives the candidate's version."""

    runs: Runs
    intake: Intake
    repository: Repository
    packages: KeptPackages
    production: Path
    training: Path
    amount: Amount
    next_version: Callable[[str, str], str]
    clock: Callable[[], datetime]
    code_commit: str

    def __call__(self, run: Run) -> Done | Waits | Ends:
        """Wait, or note the data set and the package that is in production."""
        folder = self.runs.path(run.id)
        if not (folder / DATASET).exists() and not (folder / BEFORE).exists():
            waiting, over = self.intake.waiting(), self._is_over(run)
            if waiting < self.amount.wanted and not over:
                return Waits(f"records: {waiting} of {self.amount.wanted} are here")
            if waiting < self.amount.least:
                reason = f"{waiting} new records came in time, {self.amount.least} are needed"
                return Ends(Outcome.TOO_FEW_RECORDS, reason, {"records": waiting})
            before = newest(self.repository)
            durable.write(folder / BEFORE, str(before.number if before else 0).encode())
        if not (folder / DATASET).exists():
            version = self._frozen(int((folder / BEFORE).read_bytes()))
            if version is None:
                return Ends(Outcome.TOO_FEW_RECORDS, "no record has ever come", {"records": 0})
            durable.write(folder / DATASET, version.model_dump_json().encode())
        version = DatasetVersion.model_validate_json((folder / DATASET).read_bytes())
        return self._note(run, folder, version)

    def _frozen(self, before: int) -> DatasetVersion | None:
        """Return the version that this run has made, and was killed before it noted it, or a new one."""
        version = newest(self.repository)
        if version is None or version.number <= before:
            return freeze(self.intake, self.repository, self.amount.most, self.clock())
        leave_inbox(self.intake, version)
        return version

    def _is_over(self, run: Run) -> bool:
        return self.clock() >= run.begun_at + timedelta(minutes=self.amount.minutes)

    def _note(self, run: Run, folder: Path, version: DatasetVersion) -> Done:
        try:
            identity = self.packages.keep(self.production)
        except BadModelPackage as error:
            raise NotNow(f"the package in production: {error}") from error
        if Task.of(identity.manifest) != self.intake.task:
            raise NotNow("the package in production learns from other data by now: restart this program")
        work = Work(
            production=self.packages.path(identity.sha256),
            repository=self.repository.folder,
            new_shards=new_shards(self.repository, version),
            candidate_version=self.next_version(identity.manifest.name, identity.manifest.version),
            code_commit=self.code_commit,
            begun_at=run.begun_at,
            hyperparameters=read_hyperparameters(self.training),
        )
        durable.write(folder / WORK, work.model_dump_json().encode())
        return Done(
            {
                "dataset": version.number,
                "production": identity.sha256,
                "candidate_version": work.candidate_version,
                "records": {side: dict(version.counts(side)) for side in SIDES},
            }
        )
