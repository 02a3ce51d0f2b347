"""Cut a job into chunks: what one message names, one worker takes, and one forward pass answers."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from job_server.inputs.job_input import JobInput

IMAGES = 32
CHUNK_BYTES = 4 * 2**20  # a larger image is a chunk by itself


@dataclass(frozen=True)
class Chunk:
    """Inputs of a job that go together; `number` counts from 0 in the order in which they were handed in."""

    job: str
    number: int
    inputs: tuple[JobInput, ...]

    @property
    def id(self) -> str:
        """Return its key, by which all that is done for it is done once."""
        return f"{self.job}:{self.number}"


def log_fields(chunk_id: str) -> dict[str, str]:
    """Return what tells in a log line which chunk it is about."""
    return {"job": chunk_id.partition(":")[0], "chunk": chunk_id}


def cut(job: str, inputs: Iterable[JobInput], rows: int) -> Iterator[Chunk]:
    """Give the inputs in chunks of at most IMAGES images or so many rows, and CHUNK_BYTES."""
    held: list[JobInput] = []
    size = number = 0
    for one in inputs:
        length = len(one.data or b"")
        most = IMAGES if one.row is None else rows
        if held and (len(held) == most or size + length > CHUNK_BYTES):
            yield Chunk(job, number, tuple(held))
            held, size, number = [], 0, number + 1
        held.append(one)
        size += length
    if held:
        yield Chunk(job, number, tuple(held))
