"""The stack tells the truth about its traffic: quiet on clean images, drift on dirty ones."""

import time
from datetime import UTC, datetime
from itertools import cycle, islice

import httpx

from examples.fruit.drift import image_request
from examples.traffic import send_predictions
from tests.stack.client import DETECTORS, NGINX, total, wait_for
from tests.stack.project import PROJECT, run
from tests.stack.running_stack import RunningStack


def scored_since(slot: str, moment: datetime) -> int:
    """Return how many samples the slot's windows hold whose last sample is later."""
    results = httpx.get(f"{DETECTORS[slot]}/results", params={"limit": 10}).json()
    return sum(one["n"] for one in results if datetime.fromisoformat(one["last_sample_at"]) > moment)


def drifted_windows(slot: str) -> float:
    return total(f'drift_windows_recent{{slot="{slot}",drift="true"}}')


def send(split: str, count: int) -> None:
    """Send so many images of a split, those of all classes in turns, over again where it has fewer."""
    folders = sorted((PROJECT / "examples/fruit/images" / split).iterdir())
    columns = [sorted(folder.glob("*.jpg")) for folder in folders]
    paths = [path for row in zip(*columns, strict=True) for path in row]
    send_predictions([image_request(NGINX, path) for path in islice(cycle(paths), count)], split)


def test_clean_traffic_is_quiet_and_dirty_traffic_alarms(stack: RunningStack) -> None:
    """Five clean windows per slot raise no alarm; dirty images show within two minutes."""
    began = datetime.now(UTC)
    send("test", 1080)
    wait_for("five windows", lambda: all(scored_since(slot, began) >= 500 for slot in DETECTORS), 60)
    for slot in DETECTORS:
        newest = httpx.get(f"{DETECTORS[slot]}/results", params={"limit": 5}).json()
        assert sum(one["drift"] for one in newest) < 3, newest

    started = time.monotonic()
    send("dirty_test", 330)
    for slot in DETECTORS:
        wait_for(
            f"drift of {slot} in Prometheus",
            lambda slot=slot: total(f'drift_p_value{{slot="{slot}"}}') < 0.05 and drifted_windows(slot),  # type: ignore[misc]
            120,
        )
    print(f"drift shown in Prometheus {time.monotonic() - started:.0f} s after the first dirty image")
    assert time.monotonic() - started < 120


def test_make_drift_shows_p_values_before_and_after(stack: RunningStack) -> None:
    """One command injects drift and ends with a line for each slot."""
    shown = run("make", "drift").splitlines()
    table = [line.split() for line in shown if line.startswith("model_server")]
    assert [line[0] for line in table] == list(DETECTORS)
    assert all(line[-1] == "yes" and float(line[2]) < 0.05 for line in table)
