"""`python -m job_server.worker`: answer chunks until told to stop; then finish what is in hand."""

import logging
import os
import signal
from typing import Any

from billiard.exceptions import WorkerLostError
from billiard.util import get_logger
from celery.signals import setup_logging, worker_process_init
from celery.worker.request import Request
from pymongo.errors import PyMongoError

from inference.kept_packages import KeptPackages
from job_server.broker import TASK, create_celery
from job_server.chunks import log_fields
from job_server.settings import WorkerSettings
from job_server.worker.answering import Answering
from job_server.worker.crashes import OutOfMemoryKills, is_own_fault
from job_server.worker.models import Models
from job_server.worker.samples import Samples
from job_server.worker.store import WorkerStore
from mongodb.settings import open_blocking
from service.allocator import keep_freed_memory
from service.background import give_way
from service.logs import configure_logging, lines_with
from service.settings import load_settings

logger = logging.getLogger("job_server.worker")


def use_our_logging(**_: object) -> None:
    """Leave logging as it is set up, and have the lines of what watches the child go there, too."""
    get_logger().propagate = True


def requests_that_note_crashes(store: WorkerStore) -> type[Request]:
    """Return Celery's class of a message in hand, which here notes why a process was lost with it."""
    kills = OutOfMemoryKills()

    class NotedRequest(Request):  # type: ignore[misc]
        def on_failure(self, exc_info: Any, *arguments: Any, **more: Any) -> Any:
            with lines_with(log_fields(self.args[0])):
                error = getattr(exc_info.exception, "exc", exc_info.exception)
                if isinstance(error, WorkerLostError):
                    self._note_loss(str(error))
                return super().on_failure(exc_info, *arguments, **more)

        def _note_loss(self, why: str) -> None:
            out_of_memory = kills.has_more()
            if is_own_fault(why, out_of_memory=out_of_memory):
                try:
                    store.note_crash(self.args[0])
                except PyMongoError as failed:  # then it is tried once more
                    logger.warning("a crash could not be noted: %s", type(failed).__name__)

    return NotedRequest


def main() -> None:
    """Run Celery's worker with one child, which has the model and may be killed."""
    settings = load_settings(WorkerSettings)
    configure_logging(settings)
    app = create_celery(settings.rabbitmq_uri.get_secret_value(), settings.rabbitmq_queue)
    answering: list[Answering] = []

    def start(**_: object) -> None:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        give_way()
        keep_freed_memory()
        kept = KeptPackages(settings.kept_packages)
        models = Models(
            settings.model_package, kept, threads=settings.cpu_threads, max_pixels=settings.max_image_pixels
        )
        database = open_blocking(settings)
        samples = Samples(database, settings.job_sample_rate)
        answering[:] = [Answering(WorkerStore(database), models, samples, settings.input_seconds)]

    def predict_chunk(chunk_id: str) -> None:
        answering[0].answer(chunk_id)

    worker_process_init.connect(start, weak=False)
    setup_logging.connect(use_our_logging, weak=False)
    request = requests_that_note_crashes(WorkerStore(open_blocking(settings)))
    app.task(name=TASK, Request=request)(predict_chunk)
    alone = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    named = [f"--hostname=worker-{os.getpid()}@%h"]
    app.worker_main(["--quiet", "worker", "--pool=prefork", *alone, *named])


if __name__ == "__main__":
    main()
