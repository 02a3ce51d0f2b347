"""A job is cut in the order in which it was handed in, and each input is in one chunk."""

from collections.abc import Iterable

from job_server.chunks import CHUNK_BYTES, IMAGES, Chunk, cut
from job_server.inputs.job_input import JobInput


def images(*sizes: int) -> Iterable[JobInput]:
    """Return images of these sizes."""
    return (JobInput(f"{number}.png", None, bytes(size)) for number, size in enumerate(sizes))


def sizes(chunks: Iterable[Chunk]) -> list[int]:
    """Return how many inputs each chunk has."""
    return [len(one.inputs) for one in chunks]


def test_a_chunk_has_so_many_images() -> None:
    """The last has the rest, and their order stays."""
    chunks = list(cut("job", images(*[1] * 70), rows=1000))
    assert sizes(chunks) == [IMAGES, IMAGES, 6]
    assert [one.id for one in chunks] == ["job:0", "job:1", "job:2"]
    names = [one.filename for chunk in chunks for one in chunk.inputs]
    assert names == [f"{number}.png" for number in range(70)]


def test_a_chunk_has_so_many_bytes() -> None:
    """A larger image is one by itself."""
    half = CHUNK_BYTES // 2
    assert sizes(cut("job", images(half, half, 1, 2 * CHUNK_BYTES, 1, 1), rows=1000)) == [2, 1, 1, 2]


def test_rows_go_by_the_thousand() -> None:
    """As the setting says; bad ones are counted, too."""
    rows = (JobInput(None, number, b"1234" if number % 2 else None) for number in range(1, 2102))
    assert sizes(cut("job", rows, rows=1000)) == [1000, 1000, 101]


def test_of_nothing_there_are_none() -> None:
    """An empty job is refused before."""
    assert list(cut("job", [], rows=5)) == []
