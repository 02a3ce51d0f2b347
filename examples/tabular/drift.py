"""Send an example's rows, then the same kind of rows with features shifted; show each feature's p-values.

Exit code 0 when every shifted feature was found to drift. About one window in twenty shows drift on clean
rows too: that is what a threshold of 0.05 means.
"""

import argparse
import sys
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from requests import Request

from examples.addresses import address
from examples.drift import Demonstration, Finding, Findings, Window, add_options
from examples.tabular import NAMES
from examples.tabular.data import FOLDER, Data, Subset, draw
from examples.tabular.shifts import UnknownFeature, read_shift, shifted
from examples.traffic import LabelledRequest, StackError
from inference.manifest import read_manifest
from service.slots import CANDIDATE, detector_of


def row_requests(url: str, rows: NDArray[np.float32], labels: Sequence[str | None]) -> list[LabelledRequest]:
    """Return requests for the predictions of rows (N, F), one by one, with their true labels (N,)."""
    requests = [Request("POST", f"{url}/predict", json={"data": row}) for row in rows.tolist()]
    return [LabelledRequest(request, label) for request, label in zip(requests, labels, strict=True)]


def true_labels(data: Data, classes: Sequence[str]) -> list[str | None]:
    """Return the class of each row; None where the targets are numbers."""
    return [classes[target] if classes else None for target in data.targets.tolist()]


def findings_by_feature(example: str, features: Sequence[str], window: Window) -> Findings:
    """Return the score of each feature in a window.

    Raises:
        StackError: they are not the example's features.
    """
    if [score.name for score in window.features] != list(features):
        raise StackError(f"the detector of {window.slot} does not watch the features of {example}")
    return {score.name: Finding(score, window.threshold) for score in window.features}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demonstration from the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m examples.tabular.drift",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("example", choices=NAMES)
    add_options(parser, count=300)
    parser.add_argument("--detector", help="the slot's detector (default: the candidate's of this clone)")
    parser.add_argument(
        "--shift",
        type=read_shift,
        action="append",
        required=True,
        metavar="FEATURE=SHIFT",
        help="age=+1std, income=-5000 or savings=*0.3; may be given several times",
    )
    options = parser.parse_args(arguments)
    manifest = read_manifest(FOLDER / options.example / "model")
    features = manifest.tensor_input.features
    data = draw(options.example, Subset.TRAFFIC, 2 * options.count)
    clean, others = data.rows[: options.count], data.rows[options.count :]
    labels = true_labels(data, manifest.classes)[: options.count]
    try:
        url = options.url or address(CANDIDATE)
        moved = shifted(others, features, options.shift)
        findings = Demonstration(
            "feature",
            url,
            row_requests(url, clean, labels),
            row_requests(url, moved, [None] * len(moved)),  # what is true of them nobody knows
            [options.detector or address(detector_of(CANDIDATE))],
            options.wait_seconds,
            lambda windows: findings_by_feature(options.example, features, *windows),
            options.labels,
        ).run()
    except UnknownFeature as error:
        parser.error(str(error))
    except StackError as error:
        print(
            f"{error}\nDoes the slot serve {options.example}, and is it watched? make status", file=sys.stderr
        )
        return 1
    return 0 if all(findings[shift.feature].score.drift for shift in options.shift) else 1


if __name__ == "__main__":
    sys.exit(main())
