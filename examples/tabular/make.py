"""Train an example and write its model package.

FOLDER/model is the package, to be copied to a slot.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from examples.environment import require_packages
from examples.tabular import NAMES


def main(arguments: Sequence[str] | None = None) -> None:
    """Build an example, or end with one line that says why not."""
    parser = argparse.ArgumentParser(
        prog="python -m examples.tabular.make",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("example", choices=NAMES)
    parser.add_argument("--output", type=Path, metavar="FOLDER", required=True, help="is made if need be")
    options = parser.parse_args(arguments)
    require_packages(
        f"python3 -m stack run model_server -m examples.tabular.make {options.example} --output FOLDER"
    )
    from examples.tabular.build import TooWeak, build  # noqa: PLC0415  # needs what was looked for above

    try:
        print(build(options.example, options.output))
    except (TooWeak, OSError) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("stopped")
    print(f"{options.output / 'model'} is its model package.")
    print("examples/tabular/README.md shows how to serve them.")


if __name__ == "__main__":
    main()
