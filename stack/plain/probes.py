"""Readiness: asking a component whether it can do its work; None is the answer of one that is ready."""

import urllib.error
import urllib.request
from collections.abc import Callable

from pymongo import MongoClient
from pymongo.errors import PyMongoError

HTTP_SECONDS = 3.0
MONGODB_MILLISECONDS = 3000  # what answers, but reads a large database meanwhile, is there
# urllib, as importing httpx would take longer than all that `make status` asks.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))

Probe = Callable[[], str | None]


def http_complaint(url: str) -> str | None:
    """Return None where a URL answers 2xx, else what it answered."""
    try:
        with DIRECT.open(url, timeout=HTTP_SECONDS):
            return None
    except urllib.error.HTTPError as error:
        return f"answers {error.code}"
    except OSError as error:
        return f"no answer ({getattr(error, 'reason', error)})"
    except ValueError as error:
        return f"no answer ({error})"


def mongodb_complaint(host: str, port: int) -> str | None:
    """Return None where a MongoDB server answers a ping, else what happened."""
    try:
        with MongoClient[dict[str, object]](
            host, port, serverSelectionTimeoutMS=MONGODB_MILLISECONDS
        ) as client:
            client.admin.command("ping")
    except PyMongoError as error:
        why = str(error).partition(" (configured timeouts")[0].partition(", Timeout:")[0]
        return f"no answer ({why})"
    return None
