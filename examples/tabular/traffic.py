"""Send an example's rows, then the same kind of rows with features shifted; show each feature's p-values.

Exit code 0 when every shifted feature was found to drift. About one window in twenty shows drift on clean
rows too: that is what a threshold of 0.05 means.
"""

import argparse
import json
import sys
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.error import HTTPError

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from examples.fruit.drift import wait_until
from examples.fruit.traffic import read_json
from examples.tabular import NAMES
from examples.tabular.data import FOLDER, Part, draw
from examples.tabular.shifts import Shift, UnknownFeature, read_shift, shifted
from inference.manifest import read_manifest

Rows = NDArray[np.float32]
CLIENTS = 4
HEADERS = {"Content-Type": "application/json"}


class OtherReference(Exception):
    """The detector compares with something else than the example's rows."""


@dataclass(frozen=True)
class Stack:
    """A slot that serves the example, its detector, and how long to wait for it."""

    url: str
    detector: str
    wait_seconds: float

    def send_and_wait(self, rows: Rows, title: str) -> dict[str, Any]:
        """Send the rows one by one; return the detector's first window that holds nothing older."""
        started = datetime.now(UTC)
        with ThreadPoolExecutor(CLIENTS) as pool:
            for _ in tqdm(pool.map(self.post, rows.tolist()), total=len(rows), desc=title, unit="row"):
                pass
        found: list[dict[str, Any]] = []

        def scored() -> bool:
            results = read_json(f"{self.detector}/results?limit=50")
            found[:] = [one for one in results if datetime.fromisoformat(one["first_sample_at"]) >= started]
            return bool(found)

        wait_until(scored, self.wait_seconds, f"waiting for {self.detector}")
        return found[-1]

    def post(self, row: Sequence[float]) -> None:
        """Ask for one prediction."""
        body = json.dumps({"data": row}).encode()
        read_json(urllib.request.Request(f"{self.url}/predict", body, HEADERS))  # noqa: S310 - the operator's own


def table(before: dict[str, Any], after: dict[str, Any]) -> str:
    """Render both windows side by side, a line per feature."""
    lines = [f"{'feature':<16} {'p before':>9} {'p after':>9} {'distance':>9} {'threshold':>10}  drift"]
    lines += [
        f"{old['name']:<16} {old['p_value']:>9.4f} {new['p_value']:>9.4f} {new['distance']:>9.4f} "
        f"{after['threshold']:>10.4f}  {'yes' if new['drift'] else 'no'}"
        for old, new in zip(before["features"], after["features"], strict=True)
    ]
    return "\n".join(lines)


def show(stack: Stack, example: str, shifts: Sequence[Shift], count: int) -> bool:
    """Send clean rows, then shifted ones; tell whether all the shifts were found."""
    features = read_manifest(FOLDER / example / "model").tensor_input.features
    rows = draw(example, Part.TRAFFIC, 2 * count).rows
    moved = shifted(rows[count:], features, shifts)
    before = stack.send_and_wait(rows[:count], "clean rows")
    if [feature["name"] for feature in before["features"]] != list(features):
        raise OtherReference(f"{stack.detector} does not watch the features of {example}")
    after = stack.send_and_wait(moved, "shifted rows")
    print(table(before, after))
    found = {feature["name"] for feature in after["features"] if feature["drift"]}
    return found >= {shift.feature for shift in shifts}


def main(arguments: Sequence[str] | None = None) -> int:
    """Send traffic from the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m examples.tabular.traffic",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("example", choices=NAMES)
    parser.add_argument("--url", default="http://127.0.0.1:8001", help="the slot (default: %(default)s)")
    parser.add_argument(
        "--detector", default="http://127.0.0.1:8010", help="its detector (default: %(default)s)"
    )
    parser.add_argument(
        "--shift",
        type=read_shift,
        action="append",
        required=True,
        metavar="FEATURE=SHIFT",
        help="age=+1std, income=-5000 or savings=*0.5; may be given several times",
    )
    parser.add_argument("--count", type=int, default=300, help="rows of each kind (default: %(default)s)")
    parser.add_argument("--wait-seconds", type=float, default=90, help="for a window (default: %(default)s)")
    options = parser.parse_args(arguments)
    stack = Stack(options.url, options.detector, options.wait_seconds)
    try:
        return 0 if show(stack, options.example, options.shift, options.count) else 1
    except UnknownFeature as error:
        parser.error(str(error))
    except HTTPError as error:
        reason = f"{error.url} answered {error.code}: {error.read().decode(errors='replace')[:300]}"
    except (OtherReference, OSError) as error:
        reason = str(error)
    print(f"{reason}\nDoes the slot serve {options.example}, and is it watched? make status", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
