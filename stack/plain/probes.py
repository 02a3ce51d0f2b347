"""Readiness: asking a component whether it can do its work; None is the answer of one that is ready."""

import re
import socket
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException

from pymongo import MongoClient
from pymongo.errors import PyMongoError

HTTP_SECONDS = 3.0
KAFKA_SECONDS = 3.0
# Kafka's protocol: the length, which API (18: what versions it speaks), its version (0), the request's
# number (1), and the client's name, which is empty. The answer begins with its length and that number.
WHICH_VERSIONS, NUMBER = bytes.fromhex("0000000a 0012 0000 00000001 0000"), bytes.fromhex("00000001")
MONGODB_MILLISECONDS = 3000  # what answers, but reads a large database meanwhile, is there
# urllib, as importing httpx would take longer than all that `make status` asks.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))

CONSUMERS = re.compile(rb"^rabbitmq_consumers (\d+)", re.M)

Probe = Callable[[], str | None]


def http_complaint(url: str, complaint: Callable[[bytes], str | None] = lambda _: None) -> str | None:
    """Return None where a URL answers 2xx, and nothing is wrong with what it says; else what it answered."""
    try:
        with DIRECT.open(url, timeout=HTTP_SECONDS) as answer:
            return complaint(answer.read())
    except urllib.error.HTTPError as error:
        return f"answers {error.code}"
    except OSError as error:
        return f"no answer ({getattr(error, 'reason', error)})"
    except (ValueError, HTTPException) as error:
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


def kafka_complaint(host: str, port: int) -> str | None:
    """Return None where a broker of Kafka's protocol says which versions it speaks, else what happened."""
    try:
        with socket.create_connection((host, port), KAFKA_SECONDS) as client, client.makefile("rb") as answer:
            client.sendall(WHICH_VERSIONS)
            said = answer.read(8)
    except OSError as error:
        return f"no answer ({error})"
    return None if said[4:] == NUMBER else "does not speak Kafka's protocol"


def workers_complaint(metrics_url: str, workers: int) -> str | None:
    """Return None where as many workers wait for RabbitMQ's messages as there are to be; nobody else does."""

    def complaint(metrics: bytes) -> str | None:
        found = CONSUMERS.search(metrics)
        there = int(found[1]) if found else 0
        return None if there >= workers else f"{there} of {workers} ask for work"

    return http_complaint(metrics_url, complaint)
