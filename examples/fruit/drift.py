"""Inject drift and watch it being found: each slot's p-value on clean images, then on dirty ones.

Exit code 0 when every slot shows drift after. About one window in twenty shows drift on clean images too:
that is what a threshold of 0.05 means, and why the alert asks for three of the last five windows.
"""

import argparse
import sys
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path

from requests import Request

from examples.addresses import address
from examples.drift import Demonstration, Finding, Findings, Window, add_options
from examples.traffic import LabelledRequest, StackError
from service.slots import SLOTS, detector_of


def image_requests(url: str, folder: Path, count: int) -> list[LabelledRequest]:
    """Return requests with `count` images of the split in the folder, the classes taking turns.

    An image's class is the name of its folder.
    """
    classes = sorted(path for path in folder.glob("*") if path.is_dir())
    columns = [sorted(path.glob("*.jpg")) for path in classes]
    images = [path for row in zip(*columns, strict=False) for path in row]
    if not images:
        raise StackError(f"{folder} has no images. Make them: python download_models.py")
    return [
        LabelledRequest(image_request(url, path), path.parent.name) for path in islice(cycle(images), count)
    ]


def image_request(url: str, path: Path) -> Request:
    """Return the request that asks for the prediction of one image."""
    image = (path.name, path.read_bytes(), "image/jpeg")
    return Request("POST", f"{url}/predict", files={"file": image})


def findings_by_slot(windows: Sequence[Window]) -> Findings:
    """Return each window's score by the name of its slot."""
    return {window.slot: Finding(window, window.threshold) for window in windows}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demonstration from the command line."""
    parser = argparse.ArgumentParser(prog="python -m examples.fruit.drift", description=__doc__)
    add_options(parser, count=700)
    parser.add_argument(
        "--detector", action="append", help="a detector's address; give one per slot (default: this clone's)"
    )
    parser.add_argument("--images", type=Path, default=Path("examples/fruit/images"))
    options = parser.parse_args(arguments)
    try:
        url = options.url or address("nginx")
        findings = Demonstration(
            "slot",
            url,
            image_requests(url, options.images / "test", options.count),
            image_requests(url, options.images / "dirty_test", options.count),
            options.detector or [address(detector_of(slot)) for slot in SLOTS],
            options.wait_seconds,
            findings_by_slot,
            options.labels,
        ).run()
    except StackError as error:
        print(f"{error}\nIs the stack running? make status", file=sys.stderr)
        return 1
    return 0 if all(found.score.drift for found in findings.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
