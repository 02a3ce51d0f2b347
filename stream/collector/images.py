"""Whether images can be decoded, found out in a process that may end by it: decoders are C."""

import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

from inference.decoding import fault_of
from inference.image_limits import BATCH_PIXELS
from service.background import give_way

IMAGE_SECONDS = 5.0
SHORT_SIDE = 224  # a JPEG is decoded at a fraction of its size
AT_ONCE = 50

Decode = Callable[[Sequence[bytes], int], list[str | None]]


class ImageCheck:
    """Decodes images in a process of its own; one that ends the process is no image."""

    def __init__(self, max_pixels: int, decode_all: Decode | None = None) -> None:
        self._max_pixels = max_pixels
        self._decode_all = decode_all or faults_of
        self._pool = self._start()

    def faults(self, images: Sequence[bytes]) -> list[str | None]:
        """Return what is wrong with each image; None where it can be decoded."""
        found: list[str | None] = []
        for start in range(0, len(images), AT_ONCE):
            some = images[start : start + AT_ONCE]
            try:
                found += self._pool.submit(self._decode_all, some, self._max_pixels).result()
            except BrokenProcessPool:
                self._pool = self._start()
                found += map(self._fault_of_one, some)
        return found

    def close(self) -> None:
        """End the process."""
        self._pool.shutdown(cancel_futures=True)

    def _fault_of_one(self, image: bytes) -> str | None:
        try:
            return self._pool.submit(self._decode_all, [image], self._max_pixels).result()[0]
        except BrokenProcessPool:
            self._pool = self._start()
            return "Decoding it takes too long, or ends the decoder."

    def _start(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(1, get_context("spawn"), initializer=give_way)


def faults_of(images: Sequence[bytes], max_pixels: int) -> list[str | None]:
    """Return what is wrong with each image; the kernel ends this process where one takes too long."""
    return [_fault_of(image, max_pixels) for image in images]


def _fault_of(image: bytes, max_pixels: int) -> str | None:
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, IMAGE_SECONDS)
    try:
        return fault_of(image, max_pixels, SHORT_SIDE, max(max_pixels, BATCH_PIXELS))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
