"""The closing table: part, URL, state."""

from collections.abc import Sequence


def table(rows: Sequence[tuple[str, str, str]]) -> str:
    """Return aligned lines under a heading."""
    every = [("PART", "URL", "STATE"), *rows]
    widths = [max(len(row[column]) for row in every) for column in range(2)]
    return "\n".join(f"{name:<{widths[0]}}  {url:<{widths[1]}}  {state}" for name, url, state in every)
