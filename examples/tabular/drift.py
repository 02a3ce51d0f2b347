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

from examples.drift import Demonstration, Finding, Findings, Window, add_options
from examples.tabular import NAMES
from examples.tabular.data import FOLDER, Subset, draw
from examples.tabular.shifts import UnknownFeature, read_shift, shifted
from examples.traffic import StackError
from inference.manifest import read_manifest


def row_requests(url: str, rows: NDArray[np.float32]) -> list[Request]:
    """Return requests for the predictions of rows (N, F), one by one."""
    return [Request("POST", f"{url}/predict", json={"data": row}) for row in rows.tolist()]


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
    add_options(parser, url="http://127.0.0.1:8001", count=300)
    parser.add_argument(
        "--detector", default="http://127.0.0.1:8010", help="the slot's detector (default: %(default)s)"
    )
    parser.add_argument(
        "--shift",
        type=read_shift,
        action="append",
        required=True,
        metavar="FEATURE=SHIFT",
        help="age=+1std, income=-5000 or savings=*0.3; may be given several times",
    )
    options = parser.parse_args(arguments)
    features = read_manifest(FOLDER / options.example / "model").tensor_input.features
    rows = draw(options.example, Subset.TRAFFIC, 2 * options.count).rows
    try:
        moved = shifted(rows[options.count :], features, options.shift)
        findings = Demonstration(
            "feature",
            row_requests(options.url, rows[: options.count]),
            row_requests(options.url, moved),
            [options.detector],
            options.wait_seconds,
            lambda windows: findings_by_feature(options.example, features, *windows),
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
