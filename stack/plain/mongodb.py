"""The database without Docker: NX-27017, MongoDB's protocol over SQLite."""

from pathlib import Path

from stack.paths import Paths
from stack.plain.program import Program


def mongodb(paths: Paths, host: str, port: int, *, database: Path, pid: Path, log: Path) -> Program:
    """Return the program with its files: the database, the process id and the log."""
    server = paths.environments / "stack" / "bin" / "nx-27017"
    files = f"--db '{database}' --pid-file '{pid}' --log-file '{log}'"
    # Its pid file outlives a kill, and it would then refuse to start.
    run = f"rm -f '{pid}'; exec '{server}' --host {host} --port {port} {files}"
    return Program("mongodb", ("sh", "-c", run))
