#!/usr/bin/env python3
"""Fill both model packages: the weights, and the references that drift is measured against.

--source demo        renders images of fruit and trains two models on them (the default; under four minutes)
--source published   fetches the weights of the original lab (0.6 GB). Its drift_detector.pkl is not fetched:
                     to read a pickle is to run code. The references are computed here, from images.

What is there and whole is left alone, and so is a slot whose model.toml describes a model of your own.
"""

import argparse
import importlib.util
import os
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent
PUBLISHED_MODELS_URL = "https://s3.eu-central-1.wasabisys.com/certifai/deployment-training-labs/models/"
NEEDED = ("torch", "torchvision", "numpy", "PIL", "pydantic", "safetensors", "tqdm")


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
        help="compute both references anew from these images (default: the rendered held-out images)",
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
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        sys.exit(
            f"This Python has no {missing[0]}. Run `make models`, which uses an environment that has it."
        )
    from examples.fruit.filling import CannotFill, fill_artifacts  # noqa: PLC0415  # needs what was looked for above
    from examples.fruit.orders import Request  # noqa: PLC0415
    from examples.fruit.slots import Source  # noqa: PLC0415

    source = Source(options.source)
    try:
        fill_artifacts(Request(ROOT, source, options.reference_images, options.base_url))
    except CannotFill as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("stopped; run it again to go on")


if __name__ == "__main__":
    main()
