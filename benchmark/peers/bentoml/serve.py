"""Become `bentoml serve`."""

import os
import sys
from pathlib import Path


def main() -> None:
    """Serve on PORT until told to stop."""
    program = str(Path(sys.executable).with_name("bentoml"))
    where = ["--host", "127.0.0.1", "--port", os.environ["PORT"]]
    variables = {
        "BENTOML_HOME": os.environ["WORK_FOLDER"],
        "BENTOML_DO_NOT_TRACK": "true",
        "PYTHONPATH": str(Path.cwd()),
    }
    words = [program, "serve", "benchmark.peers.bentoml.service:Fruit", *where]
    os.execve(program, words, {**os.environ, **variables})  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
