"""stream/collector/images.py: an image that ends its decoder ends nothing else."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from PIL import Image

from stream.collector.images import ImageCheck
from tests.image_files import encoded
from tests.waiting import until

MAX_PIXELS = 1_000_000


@pytest.fixture
def check() -> Iterator[ImageCheck]:
    check = ImageCheck(MAX_PIXELS)
    yield check
    check.close()


def test_what_can_be_decoded_has_no_fault(check: ImageCheck) -> None:
    """Each has its own verdict, in the order in which they came."""
    good = encoded(Image.new("RGB", (64, 48), "red"), "JPEG")
    found = check.faults([good, b"junk", good[: len(good) // 2], good])
    assert [fault is None for fault in found] == [True, False, False, True]


def test_an_image_of_too_many_pixels_is_refused(check: ImageCheck) -> None:
    """As the model server would refuse it."""
    (fault,) = check.faults([encoded(Image.new("RGB", (2000, 1000)), "PNG")])
    assert fault is not None
    assert "pixels" in fault


def deadly(images: Sequence[bytes], _: int) -> list[str | None]:
    """Be ended by some images, as by a fault of a decoder's or by the timer."""
    if b"deadly" in images:
        os.kill(os.getpid(), signal.SIGKILL)
    return [None] * len(images)


def test_an_image_that_ends_the_decoder_is_refused_alone() -> None:
    """The others of its batch are decoded, and so are later ones."""
    check = ImageCheck(MAX_PIXELS, deadly)
    try:
        found = check.faults([b"1", b"deadly", b"2"])
        assert [fault is None for fault in found] == [True, False, True]
        assert check.faults([b"3"]) == [None]
    finally:
        check.close()


def test_the_process_that_decodes_ends_with_its_parent() -> None:
    """However that ends: else each killed collector left one behind for ever."""
    code = (
        "import os, time, multiprocessing as m\n"
        "from stream.collector.images import ImageCheck\n"
        "if __name__ == '__main__':\n"
        "    check = ImageCheck(100)\n"
        "    check.faults([b'x'])\n"
        "    print(m.active_children()[0].pid, flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = Path("/proc", parent.stdout.readline().strip(), "stat")
        assert child.exists()
        parent.kill()
    until("it has ended", lambda: not child.exists() or child.read_text().split()[2] == "Z", 10)
