"""Show what releases cost the users of the stack of plain processes.

    python3 -m stack run tests -m tests.robustness.releases

Promotions and rollbacks under load: how long each takes, and how many requests failed meanwhile. And how long
requests take with the shadow off, on, and to a candidate that takes 2 s for each: at a steady rate, in turns.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice

import httpx
from tqdm import tqdm

from service.slots import CANDIDATE
from stack.say import say
from tests.cleartext import NO_TLS
from tests.robustness.figures import Outcomes
from tests.stack.client import NGINX, Load, images, predict
from tests.stack.project import PACKAGES, PROJECT, put_package, run
from tests.stack.running_stack import PlainStack

SPLIT_FILE = PROJECT / "nginx/default.conf"
RATE = 10.0  # requests a second: the machine is far from busy, so that a copy costs no CPU that is missed
SLOW = """

class Slow(ShuffleNet):
    def embed(self, x):
        import time
        time.sleep(2)
        return super().embed(x)
"""


def release(*words: str) -> str:
    """Run one of the release program's commands."""
    return run("python3", "-m", "stack", "release", *words)


def timed(*words: str) -> float:
    """Run one of the release program's commands, and return how many seconds it took."""
    started = time.monotonic()
    release(*words)
    return time.monotonic() - started


def promotions(count: int) -> dict[str, object]:
    """Promote the candidate and take it back, so many times under load."""
    promoted, taken_back = [], []
    with Load(clients=4) as load:
        for _ in tqdm(range(count), "promotions", disable=None):
            release("canary", "start", "--plan", "patient")
            promoted.append(timed("canary", "promote"))
            taken_back.append(timed("rollback"))
    return {
        "promotions": count,
        "requests": load.statuses.total(),
        "failed": load.statuses.total() - load.statuses[200],
        "slowest_request_seconds": round(load.slowest_seconds, 3),
        "promote_seconds": [round(one, 2) for one in sorted(promoted)],
        "rollback_seconds": [round(one, 2) for one in sorted(taken_back)],
    }


def steadily(seconds: float, outcomes: Outcomes) -> None:
    """Send images at the steady rate, whether the ones before are answered or not."""
    with (
        ThreadPoolExecutor(64) as pool,
        httpx.Client(verify=NO_TLS, timeout=30, limits=httpx.Limits(max_connections=64)) as client,
    ):

        def send(data: bytes) -> None:
            started = time.monotonic()
            status = str(predict(NGINX, data, client=client).status_code)
            outcomes.add(status, time.monotonic() - started)

        began = time.monotonic()
        for number, data in enumerate(islice(cycle(images("test")), round(seconds * RATE))):
            time.sleep(max(0.0, began + number / RATE - time.monotonic()))
            pool.submit(send, data)


def make_candidate_slow() -> None:
    """Have the candidate sleep before each batch."""
    folder = PACKAGES[CANDIDATE]
    network, manifest = folder / "network.py", folder / "model.toml"
    network.write_text(network.read_text() + SLOW)
    manifest.write_text(manifest.read_text().replace("network.py:ShuffleNet", "network.py:Slow"))
    run("python3", "-m", "stack", "reload", CANDIDATE)


def make_candidate_fast() -> None:
    """Give the candidate its own package back."""
    put_package(CANDIDATE)
    run("python3", "-m", "stack", "reload", CANDIDATE)


def shadows(rounds: int, seconds: float) -> dict[str, object]:
    """Measure requests without a shadow, with one, and with one that is slow."""
    outcomes = {"off": Outcomes(), "on": Outcomes(), "slow": Outcomes()}
    before: dict[str, Callable[[], object]] = {
        "off": lambda: release("shadow", "off"),
        "on": lambda: release("shadow", "100"),
        "slow": make_candidate_slow,
    }
    release("split", "100", "0", "--wait", "1")
    for _ in tqdm(range(rounds), "shadow rounds", disable=None):
        for name, outcome in outcomes.items():
            before[name]()
            steadily(3, Outcomes())
            steadily(seconds, outcome)
        release("shadow", "off")
        make_candidate_fast()
    return {f"shadow_{name}": outcome.as_json() for name, outcome in outcomes.items()}


def main(words: Sequence[str] | None = None) -> int:
    """Print the figures; 1 where a request failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--promotions", type=int, default=20, help="how many (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="of the shadow (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=40, help="of each (default: %(default)s)")
    wanted = parser.parse_args(words)
    stack, shipped = PlainStack(), SPLIT_FILE.read_text()
    stack.up()
    try:
        figures = promotions(wanted.promotions) | shadows(wanted.rounds, wanted.seconds)
    finally:
        stack.down()
        SPLIT_FILE.write_text(shipped)
    say(json.dumps(figures, indent=2))
    lost = [one["lost"] for one in figures.values() if isinstance(one, dict)]
    return 1 if figures["failed"] or any(lost) else 0


if __name__ == "__main__":
    sys.exit(main())
