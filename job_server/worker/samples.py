"""Samples of a worker's predictions, for a detector of the slot `jobs`."""

import logging
from datetime import UTC, datetime
from typing import Any

from pymongo.database import Database
from pymongo.errors import PyMongoError

from job_server.worker.prediction import ChunkPrediction
from mongodb.documents import Sample
from mongodb.sampling import encoded, is_sampled
from service.slots import JOBS

logger = logging.getLogger(__name__)


class Samples:
    """Writes the share `rate` of all predictions, as a slot's model server does; a job never waits for it."""

    def __init__(self, database: Database[dict[str, Any]], rate: float) -> None:
        self._samples = database.samples
        self._rate = rate

    def write(self, chunk_id: str, prediction: ChunkPrediction) -> None:
        """Write the samples of a chunk whose results are stored; while the database is away they are lost."""
        samples = [
            sample
            for row, _ in enumerate(prediction.predicted)
            if is_sampled(f"{chunk_id}#{row}", self._rate)
            and (sample := encoded(_sample(chunk_id, row, prediction)))
        ]
        if samples:
            try:
                self._samples.insert_many(samples, ordered=False)
            except PyMongoError as error:
                logger.warning("samples are lost: %s", type(error).__name__, extra={"samples": len(samples)})


def _sample(chunk_id: str, row: int, prediction: ChunkPrediction) -> Sample:
    said, info = prediction.predicted[row], prediction.info
    values = [float(value) for value in said.outputs[0]]
    classes, best = info.manifest.classes, max(range(len(values)), key=values.__getitem__)
    return Sample(
        request_id=chunk_id,
        slot=JOBS,
        model=info.manifest.name,
        version=info.manifest.version,
        package_sha256=info.sha256,
        created_at=datetime.now(UTC),
        embedding=said.embeddings[0],
        label=classes[best] if classes else "",
        confidence=values[best] if classes else values[0],
        probabilities=tuple(values) if classes else (),
        row=row,
    )
