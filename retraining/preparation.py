"""Before the first run: the repository, and what there was before the stream."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from retraining.datasets.freezing import TAG, freeze
from retraining.importing import CannotImport, import_examples
from retraining.repository.error import RepositoryError
from retraining.repository.repository import Repository
from training_data.index import BadIndex
from training_data.intake import GOLDEN, INBOX, BadShard, Intake

logger = logging.getLogger(__name__)


def prepare(
    intake: Intake,
    repository: Repository,
    *,
    golden: Path | None,
    trained: Path | None,
    most_records: int,
    now: datetime,
) -> None:
    """Make what is missing; it may be killed, and be done again.

    Raises:
        OSError, BadIndex, BadShard, RepositoryError: it cannot be made now.
    """
    intake.prepare()
    repository.prepare()
    if any((intake.folder / GOLDEN).glob("*.zip")) and repository.tags(TAG):
        return
    collected = set((intake.folder / INBOX).glob("*.zip"))  # what is new, to be checked by a run
    try:
        taken = import_examples(intake, golden, golden=True) if golden else 0
        kept = import_examples(intake, trained, golden=False) if trained else 0
    except CannotImport as error:
        logger.warning("no examples to begin with: %s", error)
        return
    logger.info("examples to begin with", extra={"golden": taken, "trained": kept})
    if golden or trained:  # who was killed before it was done finds nothing new
        freeze(intake, repository, most_records, now, besides=collected)


class Preparation:
    """Something that has to be done before all else, tried again each time until it is."""

    def __init__(self, prepare: Callable[[], None]) -> None:
        self._prepare = prepare
        self._lock = threading.Lock()
        self.fault: str | None = "it is being prepared"

    def done(self) -> bool:
        """Tell whether it is done, after a try where it was not."""
        with self._lock:
            if self.fault is not None:
                self._try()
            return self.fault is None

    def _try(self) -> None:
        try:
            self._prepare()
            self.fault = None
        except (OSError, BadIndex, BadShard, RepositoryError) as error:
            if str(error) != self.fault:
                logger.warning("not prepared: %s", error)
            self.fault = str(error)
