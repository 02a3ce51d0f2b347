"""Progress on the screen."""

import sys


def say(line: str) -> None:
    """Print a line of progress at once, over what `show` left there."""
    clear = "\r\033[K" if sys.stderr.isatty() else ""
    print(f"{clear}{line}", file=sys.stderr, flush=True)


def show(line: str) -> None:
    """Show a line that the next one replaces; nothing where the output is no terminal."""
    if sys.stderr.isatty():
        print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)
