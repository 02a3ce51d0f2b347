"""A file's lines, none of them longer than a bound."""

import io
from collections.abc import Iterator

from job_server.inputs.reading import Reading

BOM = b"\xef\xbb\xbf"
PIECE_BYTES = 2**16


def read_lines(file: io.BufferedReader, reading: Reading) -> Iterator[bytes | None]:
    """Yield each line without its end; None in place of one that is too long.

    Raises:
        WrongInputs: 413, there is more than is read of a job.
    """
    most = reading.limits.input_bytes
    if file.peek(len(BOM))[: len(BOM)] == BOM:
        file.read(len(BOM))
    while line := file.readline(most + 2):  # the end of a line may be two bytes
        reading.take(len(line))
        content = line.removesuffix(b"\n").removesuffix(b"\r")
        if len(content) <= most:
            yield content
            continue
        yield None
        while not line.endswith(b"\n") and (line := file.readline(PIECE_BYTES)):
            reading.take(len(line))
