"""JSON lines on stdout, each with the slot and, inside a request, its id."""

import json
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

from service.request_id import current_request_id
from service.settings import ProgramSettings

RECORD_FIELDS = frozenset(vars(logging.makeLogRecord({})))
STANDARD_FIELDS = RECORD_FIELDS | {"message", "asctime", "color_message", "taskName"}
QUIET_LOGGERS = (
    "apscheduler",
    "pymongo",
    "httpx",
    "httpcore",
    "multipart",
    "python_multipart",
    "PIL",
    "celery.app.trace",  # two lines for each task
    "celery.worker.strategy",
)


# What every line has that is written meanwhile, a job's id say.
line_fields: ContextVar[Mapping[str, object]] = ContextVar("line_fields", default={})  # noqa: B039 - read only


@contextmanager
def lines_with(fields: Mapping[str, object]) -> Iterator[None]:
    """Have each line that is written meanwhile in this context have these fields."""
    token = line_fields.set(fields)
    try:
        yield
    finally:
        line_fields.reset(token)


class JsonFormatter(logging.Formatter):
    """Render a record as one JSON object; `extra=` fields stand beside the standard ones."""

    def __init__(self, slot: str) -> None:
        super().__init__()
        self.slot = slot

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "slot": self.slot,
        }
        if request_id := current_request_id.get():
            line["request_id"] = request_id
        line |= dict(line_fields.get())
        line |= {name: value for name, value in vars(record).items() if name not in STANDARD_FIELDS}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


def configure_logging(settings: ProgramSettings) -> None:
    """Send every logger's lines to stdout as JSON; libraries speak from warning up."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter(settings.slot))
    logging.basicConfig(handlers=[handler], level=settings.log_level.upper(), force=True)
    logging.captureWarnings(True)
    for name in QUIET_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
