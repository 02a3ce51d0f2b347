"""Write the lock beside each requirement file: `python3 -m stack.locks`.

A lock keeps the versions that it has where they still fit; `--upgrade` takes the newest. It serves every
supported Python and every place that packages come from: it names no index and no folder. It lists no hashes,
for those would tie it to one such place: the CPU build of torch from PyTorch's index, one from a folder and
PyPI's CUDA build are three different files.
"""

# ruff: noqa: S603 - this module starts programs, and no stranger names one

import subprocess
import sys
from collections.abc import Sequence

from stack.environments import LOCKED, lock_of
from stack.installers import UV, pinned_uv
from stack.interpreters import SUPPORTED
from stack.paths import Paths
from stack.say import say

EXCLUDES = "stack/lock-excludes.txt"


def main(options: Sequence[str]) -> int:
    """Write every lock; return 1 where one could not be."""
    paths = Paths()
    uv = pinned_uv(paths.environments)
    if uv is None:
        raise SystemExit(f"{UV} could not be installed, and it makes the locks")
    compile_lock = [uv, "pip", "compile", "--quiet", "--universal", "--python-version", SUPPORTED[0]]
    # One version of a package for all Pythons, where there is one.
    same = ["--fork-strategy", "fewest", "--excludes", EXCLUDES, "--custom-compile-command", "make lock"]
    failed = 0
    for requirements in LOCKED:
        lock = str(lock_of(paths.project / requirements).relative_to(paths.project))
        say(lock)
        command = [*compile_lock, *same, *options, "--output-file", lock, requirements]
        done = subprocess.run(command, cwd=paths.project, stdout=subprocess.DEVNULL, check=False)
        failed += done.returncode != 0
    return min(failed, 1)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
