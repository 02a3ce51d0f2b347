"""Send hostile inputs beside ordinary requests, and count what the ordinary ones lose.

    python3 -m stack run tests -m tests.robustness.attack --url http://127.0.0.1 --kinds all --seconds 30

Five small photos a second, each over its own connection, beside one hostile input a second. An ordinary
request is lost when it is not answered 200 within 10 s.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from threading import Event, Thread
from typing import Any

from tests.hostile_images import IMAGES
from tests.hostile_images.filling import BODY
from tests.robustness.figures import Outcomes, counted, table
from tests.robustness.hostile_requests import MODEL, REQUESTS, hostile_request
from tests.robustness.traffic import PATIENCE_SECONDS, at_rate, ordinary, photo, send_once, served_models
from tests.robustness.wire import FAILURES, Address, Connection, request, upload
from tests.stack.client import answers

ORDINARY_PER_SECOND = 5.0
HOSTILE_PATIENCE_SECONDS = 35.0
RECOVERY_SECONDS = 30.0
IN_A_ROW = 10  # answers that show that nothing is left of an attack
DRIP_SECONDS = 4.0  # below nginx's body and header timeouts

# From the project's issues: what once cost other people their answers.
KNOWN = (
    "tiff_huge_tile",
    "jpeg_many_scans",
    "tiff_fax3_tall",
    "jpeg_exif_segments",
    "webp_turned_rgba",
    "form_64_large_images",
    "form_punycode_field",
    "json_empty_lists",
    "slow_uploads",
)


@dataclass(frozen=True)
class Held:
    """Connections that stay open: each begins a request, and drips on byte by byte."""

    count: int
    begin: Callable[[], bytes]


HELD = {
    "slow_uploads": Held(37, lambda: request("/predict", bytes(BODY), "image/jpeg")[:-1000]),
    "slow_heads": Held(500, lambda: b"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: "),
    "idle_connections": Held(900, lambda: b"G"),
    "slow_small_uploads": Held(500, lambda: upload(photo())[:-1000]),
}
KINDS = (*IMAGES, *REQUESTS, *HELD)


@dataclass(frozen=True)
class Attacked:
    """What came of an attack of one kind, and of the ordinary requests beside it."""

    kind: str
    hostile: Outcomes
    ordinary: Outcomes
    recovery_seconds: float

    def as_json(self) -> dict[str, Any]:
        """Return the figures."""
        return {
            "hostile": dict(self.hostile.counts),
            "recovery_seconds": round(self.recovery_seconds, 1),
            **self.ordinary.as_json(),
        }


def attack(address: Address, kind: str, seconds: float, rate: float) -> Attacked:
    """Send hostile inputs of a kind beside ordinary requests for some seconds, and wait until all is well."""
    hostile, usual = Outcomes(), Outcomes()
    send = prepare(address, kind, seconds, rate, hostile)
    attacker = Thread(target=send)
    attacker.start()
    at_rate(lambda: ordinary(address, usual), ORDINARY_PER_SECOND, seconds)
    attacker.join()
    return Attacked(kind, hostile, usual, wait_until_well(address))


def prepare(
    address: Address, kind: str, seconds: float, rate: float, outcomes: Outcomes
) -> Callable[[], None]:
    """Make a kind's bytes, and return what sends them."""
    if kind in HELD:
        return lambda: hold(address, HELD[kind], seconds, outcomes)
    sent = cycle(for_models(hostile_request(kind), address))
    return lambda: at_rate(
        lambda: send_once(address, next(sent), outcomes, HOSTILE_PATIENCE_SECONDS), rate, seconds
    )


def for_models(hostile: bytes, address: Address) -> Sequence[bytes]:
    """Return a request for each model that is served, if it has a model's name in its path."""
    head, mark, rest = hostile.partition(b"\r\n")
    if MODEL.encode() not in head:
        return [hostile]
    models = sorted(served_models(address))
    return [head.replace(MODEL.encode(), model.encode()) + mark + rest for model in models]


def hold(address: Address, held: Held, seconds: float, outcomes: Outcomes) -> None:
    """Keep connections open for some seconds; what closes one of them is counted."""
    begin, deadline = held.begin(), time.monotonic() + seconds
    with ExitStack() as stack:
        connections = [stack.enter_context(Connection(address, PATIENCE_SECONDS)) for _ in range(held.count)]
        opened = time.monotonic()
        outcome = {}
        for connection in connections:
            outcome[connection] = drip(connection, begin)
        while (left := deadline - time.monotonic()) > 0:
            Event().wait(min(DRIP_SECONDS, left))
            for connection in connections:
                if outcome[connection] == "held":
                    outcome[connection] = drip(connection, b"a")
        for connection in connections:
            outcomes.add(outcome[connection], time.monotonic() - opened)


def drip(connection: Connection, data: bytes) -> str:
    """Send some bytes; return `held`, or the failure's name."""
    try:
        connection.send(data)
    except FAILURES as error:
        return type(error).__name__
    return "held"


def wait_until_well(address: Address) -> float:
    """Return after how many seconds ordinary requests are answered again, one after the other."""
    started, row = time.monotonic(), 0
    while row < IN_A_ROW and time.monotonic() - started < RECOVERY_SECONDS:
        outcomes = Outcomes()
        ordinary(address, outcomes)
        row = 0 if outcomes.lost else row + 1
        if outcomes.lost:
            Event().wait(0.2)
    return time.monotonic() - started


def report(attacks: Sequence[Attacked]) -> str:
    """Return the table of all attacks."""
    heads = ("kind", "requests", "lost", "p50 ms", "p99 ms", "max ms", "well after s", "ordinary / hostile")
    rows = []
    for one in attacks:
        figures = one.ordinary.as_json()
        times = [float(figures.get(name, "nan")) for name in ("p50_ms", "p99_ms", "max_ms")]
        outcomes = f"{counted(one.ordinary.counts)} / {counted(one.hostile.counts)}"
        rows.append((one.kind, figures["requests"], figures["lost"], *times, one.recovery_seconds, outcomes))
    return table(heads, rows)


def chosen(words: str) -> list[str]:
    """Return the kinds that a comma-separated list names; `all` and `known` stand for many."""
    groups: dict[str, Sequence[str]] = {
        "known": KNOWN,
        "others": [kind for kind in KINDS if kind not in KNOWN],
        "all": KINDS,
    }
    kinds = [kind for word in words.split(",") for kind in groups.get(word, [word])]
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        sys.exit(f"unknown: {', '.join(unknown)}; there are {', '.join([*groups, *KINDS])}")
    return kinds


def main() -> None:
    """Attack with each kind in turn, and print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.robustness.attack",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--url", default="http://127.0.0.1", help="nginx, or one model server")
    parser.add_argument(
        "--kinds", default="known", help="names with commas between; known, others, all (list: %(default)s)"
    )
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--rate", type=float, default=1.0, help="hostile inputs a second")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    parser.add_argument("--list", action="store_true", help="print the kinds and end")
    options = parser.parse_args()
    if options.list:
        print(*KINDS, sep="\n")
        return
    address, attacks = Address.of(options.url), []
    if not answers(f"{options.url}/readyz"):
        sys.exit(f"{options.url} is not ready. Start the stack (make up), or name its address with --url")
    for kind in chosen(options.kinds):
        print(f"{kind} …", file=sys.stderr, flush=True)
        attacks.append(attack(address, kind, options.seconds, options.rate))
        print(report(attacks[-1:]).splitlines()[1], file=sys.stderr, flush=True)
        if options.json:
            options.json.write_text(json.dumps({one.kind: one.as_json() for one in attacks}, indent=1))
    print(report(attacks))


if __name__ == "__main__":
    main()
