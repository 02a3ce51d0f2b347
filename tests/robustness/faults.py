"""Break a part of the running stack of plain processes beside traffic, and count the answers that are lost.

    python3 -m stack run tests -m tests.robustness.faults --kinds all --connections 64

Every connection sends photos without a pause. An answer is lost when it is not 200 within 10 s.
"""

import argparse
import json
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from random import Random
from threading import Event

import psutil

from proxy.split import with_weights
from service.slots import SLOTS
from stack.paths import Paths
from stack.plain.supervisor import states
from tests.robustness.figures import Outcomes, counted, table
from tests.robustness.traffic import Clients, photo
from tests.robustness.wire import Address, upload
from tests.stack.client import DETECTORS, NGINX, answers
from tests.stack.client import SLOTS as SLOT_URLS
from tests.stack.project import PROJECT, run
from tests.stack.running_stack import PlainStack
from tests.waiting import until

SPLIT = PROJECT / "nginx/default.conf"
READY_SECONDS = 90.0
NOTICED_SECONDS = 2.0  # after which a part that broke no longer says that it is ready
USUAL_SECONDS = 3.0  # of traffic before the fault, and after all is ready again


class Faults:
    """The faults, by name; each returns when the part has been put back, and some choose at random."""

    def __init__(self, stack: PlainStack, random: Random, seconds: float) -> None:
        self._stack = stack
        self._random = random
        self._seconds = seconds
        self.kinds: dict[str, Callable[[], None]] = {
            "nothing": lambda: self._wait(self._seconds),
            "kill_worker": self.kill_worker,
            "kill_slot": self.kill_slot,
            "pause_worker": self.pause_worker,
            "pause_slot": self.pause_slot,
            "restart_slots": self.restart_slots,
            "mongodb_away": self.mongodb_away,
            "kill_detector": self.kill_detector,
            "reload": self.reload,
            "split": self.split,
            "nginx_reload": self.nginx_reload,
        }

    def kill_worker(self) -> None:
        """End one worker process of a slot at once."""
        self._worker().send_signal(signal.SIGKILL)

    def kill_slot(self) -> None:
        """End a slot's server at once."""
        self._stack.kill(self._slot())

    def pause_worker(self) -> None:
        """Let one worker hang for some seconds."""
        self._pause(self._worker())

    def pause_slot(self) -> None:
        """Let a slot's server hang for some seconds."""
        self._pause(psutil.Process(self._stack.pid(self._slot())))

    def restart_slots(self) -> None:
        """Restart one slot, and the other as soon as that is ready."""
        for slot in SLOTS:
            self._stack.restart(slot)
            until(f"{slot} ready", partial(answers, f"{SLOT_URLS[slot]}/readyz"), READY_SECONDS)

    def mongodb_away(self) -> None:
        """Stop the database for some seconds."""
        self._stack.stop("mongodb")
        self._wait(self._seconds)
        self._stack.start("mongodb")

    def kill_detector(self) -> None:
        """End a slot's drift detector at once."""
        self._stack.kill(self._random.choice(["drift_detector_server", "drift_detector_server_new"]))

    def reload(self) -> None:
        """Load the packages of both slots again."""
        run("python3", "-m", "stack", "reload")

    def split(self) -> None:
        """Give one slot nine of ten requests for some seconds."""
        shipped = SPLIT.read_text()
        weights = dict.fromkeys(SLOTS, 1) | {self._slot(): 9}
        SPLIT.write_text(with_weights(shipped, weights))
        try:
            self._wait(self._seconds)
        finally:
            SPLIT.write_text(shipped)
        self._wait(1.0)

    def nginx_reload(self) -> None:
        """Have nginx read its configuration again."""
        self._stack.send_sighup("nginx")

    def _slot(self) -> str:
        return self._random.choice(SLOTS)

    def _worker(self) -> psutil.Process:
        (zygote,) = psutil.Process(self._stack.pid(self._slot())).children()
        fork_server = self._random.choice(zygote.children())  # two, while one replaces the other
        return self._random.choice(
            [one for one in fork_server.children() if one.nice() == fork_server.nice()]
        )

    def _pause(self, process: psutil.Process) -> None:
        process.suspend()
        self._wait(self._seconds)
        with suppress(psutil.NoSuchProcess):  # it may have been replaced by now
            process.resume()

    def _wait(self, seconds: float) -> None:
        Event().wait(seconds)


def wait_until_ready() -> None:
    """Wait until every slot and every detector can answer again."""
    for name, url in {**SLOT_URLS, **{f"drift of {slot}": url for slot, url in DETECTORS.items()}}.items():
        until(f"{name} ready", partial(answers, f"{url}/readyz"), READY_SECONDS)


def strike(fault: Callable[[], None], connections: int) -> tuple[Outcomes, float]:
    """Break something beside traffic; return the requests' outcomes, and the seconds until all is ready."""
    sent = upload(photo())
    with Clients(Address.of(NGINX), connections, lambda _: sent) as clients:
        Event().wait(USUAL_SECONDS)
        started = time.monotonic()
        fault()
        Event().wait(NOTICED_SECONDS)
        wait_until_ready()
        seconds = time.monotonic() - started
        Event().wait(USUAL_SECONDS)
    return clients.outcomes, seconds


def main() -> None:
    """Strike with each fault in turn, and print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.robustness.faults",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--kinds", default="all", help="names with commas between, or all")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=10, help="how long a pause or an absence lasts")
    parser.add_argument("--seed", type=int, default=0, help="chooses the slots and workers")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args()
    kinds = Faults(PlainStack(), Random(options.seed), options.seconds).kinds
    names: Sequence[str] = list(kinds) if options.kinds == "all" else options.kinds.split(",")
    if unknown := [name for name in names if name not in kinds]:
        sys.exit(f"unknown: {', '.join(unknown)}; there are {', '.join(kinds)}")
    if not states(Paths()):
        sys.exit("The stack does not run as plain processes. Start it: RUN=local make up")
    rows, figures = [], {}
    for name in names:
        print(f"{name} …", file=sys.stderr, flush=True)
        outcomes, seconds = strike(kinds[name], options.connections)
        one = figures[name] = {**outcomes.as_json(), "ready_after_seconds": round(seconds, 1)}
        times = [float(one[time]) for time in ("p50_ms", "p99_ms", "max_ms")]
        rows.append((name, one["requests"], one["lost"], *times, seconds, counted(outcomes.counts)))
        print(*rows[-1], file=sys.stderr, flush=True)
        if options.json:
            options.json.write_text(json.dumps(figures, indent=1))
    heads = ("fault", "requests", "lost", "p50 ms", "p99 ms", "max ms", "ready after s", "answers")
    print(table(heads, rows))


if __name__ == "__main__":
    main()
