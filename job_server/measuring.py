"""Close what was cancelled, count the chunks that were closed, and look what waits, again and again."""

from job_server.metrics import JobMetrics
from job_server.store import JobStore
from mongodb.errors import StoreUnavailable

INTERVAL_SECONDS = 2.0


class Measuring:
    """Reads the database for the metrics."""

    def __init__(self, store: JobStore, metrics: JobMetrics) -> None:
        self._store = store
        self._metrics = metrics

    async def run(self) -> None:
        """Do it once; while the database is away its backlog is not known."""
        try:
            await self._store.finish_cancelling()
            while chunks := await self._store.take_uncounted():
                self._metrics.count(chunks)
            self._metrics.show(await self._store.backlog())
        except StoreUnavailable:
            self._metrics.show(None)
