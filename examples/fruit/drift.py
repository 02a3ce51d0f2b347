"""Inject drift and watch it being found: each slot's p-value on clean images, then on dirty ones.

Exit code 0 when every slot shows drift after. About one window in twenty shows drift on clean images too:
that is what a threshold of 0.05 means, and why the alert asks for three of the last five windows.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path

from tqdm import tqdm

from examples.fruit.traffic import read_json, send_images


@dataclass(frozen=True)
class Window:
    """What a detector said of one window."""

    slot: str
    p_value: float
    distance: float
    threshold: float
    drift: bool
    first_sample_at: datetime


@dataclass(frozen=True)
class Demonstration:
    """Where the stack is, what to send, and how long to wait for the detectors."""

    url: str
    detectors: tuple[str, ...]
    images: Path
    count: int
    wait_seconds: float

    def show(self) -> bool:
        """Send clean, then dirty images; tell whether every slot shows drift on the dirty ones."""
        before = self.send_and_wait("test", "clean images")
        after = self.send_and_wait("dirty_test", "dirty images")
        print(table(before, after))
        return all(window.drift for window in after)

    def send_and_wait(self, split: str, title: str) -> list[Window]:
        """Send a split's images and return each detector's first window that holds nothing older."""
        started = datetime.now(UTC)
        answered = send_images(self.url, self.choose(split), title)
        print("  answered by " + ", ".join(f"{slot}: {count}" for slot, count in sorted(answered.items())))
        return [self.wait_for_window(detector, started) for detector in self.detectors]

    def choose(self, split: str) -> list[Path]:
        """Return `count` images of the split, the classes taking turns."""
        folders = sorted(path for path in (self.images / split).glob("*") if path.is_dir())
        columns = [sorted(folder.glob("*.jpg")) for folder in folders]
        images = [path for row in zip(*columns, strict=False) for path in row]
        if not images:
            raise SystemExit(f"{self.images / split} has no images. Make them: python download_models.py")
        return list(islice(cycle(images), self.count))

    def wait_for_window(self, detector: str, started: datetime) -> Window:
        """Wait until the detector has scored a window that began after `started`."""
        found: list[Window] = []

        def scored() -> bool:
            found[:] = [window for window in read_windows(detector) if window.first_sample_at >= started]
            return bool(found)

        wait_until(scored, self.wait_seconds, f"waiting for {detector}")
        return found[-1]


def read_windows(detector: str) -> list[Window]:
    """Return a detector's newest windows, the newest first."""
    results = read_json(f"{detector}/results?limit=50")
    return [
        Window(
            slot=one["slot"],
            p_value=one["p_value"],
            distance=one["distance"],
            threshold=one["threshold"],
            drift=one["drift"],
            first_sample_at=datetime.fromisoformat(one["first_sample_at"]),
        )
        for one in results
    ]


def wait_until(condition: Callable[[], bool], seconds: float, title: str) -> None:
    """Ask once a second, with a bar that shows how much of the time is gone."""
    deadline = time.monotonic() + seconds
    with tqdm(total=round(seconds), desc=title, unit="s", leave=False) as bar:
        while not condition():
            if time.monotonic() > deadline:
                raise SystemExit(f"{title}: nothing within {seconds:.0f} s. Its log says why: make logs")
            time.sleep(1)
            bar.update(1)


def table(before: Sequence[Window], after: Sequence[Window]) -> str:
    """Render the p-values side by side, a line per slot."""
    lines = [f"{'slot':<18} {'p before':>9} {'p after':>9} {'distance':>9} {'threshold':>10}  drift"]
    lines += [
        f"{clean.slot:<18} {clean.p_value:>9.4f} {dirty.p_value:>9.4f} {dirty.distance:>9.4f} "
        f"{dirty.threshold:>10.4f}  {'yes' if dirty.drift else 'no'}"
        for clean, dirty in zip(before, after, strict=True)
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demonstration from the command line."""
    parser = argparse.ArgumentParser(prog="python -m examples.fruit.drift", description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:80", help="where nginx answers")
    parser.add_argument("--detector", action="append", help="a detector's address; give one per slot")
    parser.add_argument("--images", type=Path, default=Path("examples/fruit/images"))
    parser.add_argument("--count", type=int, default=700, help="images of each kind")
    parser.add_argument("--wait-seconds", type=float, default=90)
    options = parser.parse_args(arguments)
    detectors = tuple(options.detector or ("http://127.0.0.1:8009", "http://127.0.0.1:8010"))
    demonstration = Demonstration(options.url, detectors, options.images, options.count, options.wait_seconds)
    try:
        return 0 if demonstration.show() else 1
    except OSError as error:
        print(f"The stack does not answer: {error}. Is it running? make status", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
