#!/usr/bin/env python3
"""Fill both model packages: the weights, and the references that drift is measured against.

--source demo        renders images of fruit and trains two models on them (the default; under four minutes)
--source published   downloads the weights of the original lab (0.6 GB), but not its drift_detector.pkl: to
                     read a pickle is to run code. The references are computed here, from images.

What is there and whole is left alone, and so is a slot whose model.toml describes a model of your own.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from examples.environment import require_packages

ROOT = Path(__file__).resolve().parent
PUBLISHED_MODELS_URL = "https://s3.eu-central-1.wasabisys.com/certifai/deployment-training-labs/models/"


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument(
        "--source", choices=("demo", "published"), default="demo", help="default: %(default)s"
    )
    parser.add_argument(
        "--reference-images",
        type=Path,
        metavar="FOLDER",
        help="compute both references again, from these images (default: the rendered held-out images)",
    )
    parser.add_argument(
        "--base-url",
        default=os.environ.get("PUBLISHED_MODELS_URL") or PUBLISHED_MODELS_URL,
        metavar="URL",
        help="where the published files lie, also as PUBLISHED_MODELS_URL (default: %(default)s)",
    )
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Fill the folders, or end with one line that says why not."""
    options = arguments(argv)
    require_packages("make models")
    from examples.fruit.artifacts import Options  # noqa: PLC0415  # needs what was looked for above
    from examples.fruit.prepare import PrepareError, prepare_slots  # noqa: PLC0415
    from examples.fruit.slot_packages import Source  # noqa: PLC0415

    try:
        prepare_slots(Options(ROOT, Source(options.source), options.reference_images, options.base_url))
    except PrepareError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("stopped; run it again to resume")


if __name__ == "__main__":
    main()
