"""Collect: wait until enough new records are here, make a data set of them, note what is to be learnt."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from inference.kept_packages import KeptPackages
from inference.manifest import BadModelPackage
from retraining.datasets.freezing import Repository, freeze, new_shards
from retraining.datasets.version import DatasetVersion
from retraining.learning.hyperparameters import read_hyperparameters
from retraining.learning.work import DATASET, WORK, Work
from retraining.runs.folder import Runs
from retraining.runs.run import Outcome, Run
from retraining.runs.running import Done, Ends, NotNow, Waits
from service import durable
from training_data.intake import Intake
from training_data.sides import SIDES


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
        if not (folder / DATASET).exists():
            waiting, over = self.intake.waiting(), self._is_over(run)
            if waiting < self.amount.wanted and not over:
                return Waits(f"records: {waiting} of {self.amount.wanted} are here")
            if waiting < self.amount.least:
                reason = f"{waiting} new records came in time, {self.amount.least} are needed"
                return Ends(Outcome.TOO_FEW_RECORDS, reason, {"records": waiting})
            version = freeze(self.intake, self.repository, self.amount.most, self.clock())
            if version is None:
                return Ends(Outcome.TOO_FEW_RECORDS, "no record has ever come", {"records": 0})
            durable.write(folder / DATASET, version.model_dump_json().encode())
        version = DatasetVersion.model_validate_json((folder / DATASET).read_bytes())
        return self._note(run, folder, version)

    def _is_over(self, run: Run) -> bool:
        return self.clock() >= run.begun_at + timedelta(minutes=self.amount.minutes)

    def _note(self, run: Run, folder: Path, version: DatasetVersion) -> Done:
        try:
            identity = self.packages.keep(self.production)
        except BadModelPackage as error:
            raise NotNow(f"the package in production: {error}") from error
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
