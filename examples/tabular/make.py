"""Train an example and write its model package.

FOLDER/model is the package, to be copied to a slot.
"""

import argparse
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

from examples.tabular import NAMES

NEEDED = ("torch", "numpy", "pydantic", "safetensors", "tqdm")


def main(arguments: Sequence[str] | None = None) -> None:
    """Make an example, or end with one line that says why not."""
    parser = argparse.ArgumentParser(
        prog="python -m examples.tabular.make",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("example", choices=NAMES)
    parser.add_argument("--output", type=Path, metavar="FOLDER", required=True, help="is made if need be")
    options = parser.parse_args(arguments)
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        command = (
            f"python3 -m stack run model_server -m examples.tabular.make {options.example} --output FOLDER"
        )
        sys.exit(f"This Python has no {missing[0]}. Run `{command}`, which uses an environment that has it.")
    from examples.tabular.making import TooWeak, make  # noqa: PLC0415  # needs what was looked for above

    try:
        print(make(options.example, options.output))
    except (TooWeak, OSError) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("stopped")
    print(f"{options.output / 'model'} is its model package.")
    print("examples/tabular/README.md shows how to serve them.")


if __name__ == "__main__":
    main()
