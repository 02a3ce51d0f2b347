"""The stack tells the truth about its traffic: quiet on clean images, drift on dirty ones."""

import time
from datetime import UTC, datetime
from itertools import cycle, islice

import httpx

from examples.fruit.drift import image_request
from examples.traffic import send_predictions
from tests.stack.client import DETECTORS, NGINX, query, total, wait_for
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


def largest_z_scores() -> dict[str, float]:
    """Return of each slot how far the feature that went farthest is from the training data's mean."""
    series = query("max by (slot) (slot_feature:z_score)")
    return {one["metric"]["slot"]: float(one["value"][1]) for one in series}


def test_features_leave_the_training_data_with_dirty_images(stack: RunningStack) -> None:
    """Of both slots: the means of the embeddings' first components move off, and Prometheus sees how far."""
    observed = total("features_observed_total")
    send("test", 1000)
    wait_for("the clean images' features", lambda: total("features_observed_total") >= observed + 1000, 30)
    wait_for("a z-score of each slot", lambda: set(largest_z_scores()) == set(DETECTORS), 30)
    clean = largest_z_scores()
    send("dirty_test", 1000)
    for slot in DETECTORS:
        wait_for(
            f"features of {slot} that moved",
            lambda slot=slot: largest_z_scores().get(slot, 0) > clean[slot] + 0.03,  # type: ignore[misc]
            30,
        )


def test_make_drift_shows_p_values_before_and_after(stack: RunningStack) -> None:
    """One command injects drift and ends with a line for each slot."""
    shown = run("make", "drift").splitlines()
    table = [line.split() for line in shown if line.startswith("model_server")]
    assert [line[0] for line in table] == list(DETECTORS)
    assert all(line[-1] == "yes" and float(line[2]) < 0.05 for line in table)
