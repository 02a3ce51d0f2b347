"""What a worker process may spend on one image: in a batch beside others, and alone."""

from dataclasses import dataclass

from inference.backend import BackendSettings
from inference.image_limits import BATCH_PIXELS, decoding_bytes

BATCH_CPU_SECONDS = 0.25  # of decoding, after which those behind wait for the next batch
CPU_IN_BATCH, CPU_ALONE = 1 / 8, 3 / 4  # of IMAGE_SECONDS
WALL_IN_BATCH, WALL_ALONE = 1 / 2, 7 / 8  # in a batch far more: a machine without time is no image's fault
LEAST_NICE = 10
FORWARD_PASSES = 10  # a pass of a full batch may take so many times what it took at loading,
LEAST_FORWARD_SECONDS = 1.5  # and this much


@dataclass(frozen=True)
class ImageLimits:
    """CPU time, elapsed time, pixels at a time, and memory beyond the loaded model's, of one image."""

    cpu_seconds: float
    wall_seconds: float
    held_pixels: int
    memory_bytes: int
    niceness: int = 0


def limits_in_batch(settings: BackendSettings) -> ImageLimits:
    """Return what an image may cost while others wait behind it."""
    seconds, pixels = settings.image_seconds, min(BATCH_PIXELS, settings.max_pixels)
    return ImageLimits(CPU_IN_BATCH * seconds, WALL_IN_BATCH * seconds, pixels, decoding_bytes(pixels))


def limits_alone(settings: BackendSettings) -> ImageLimits:
    """Return what an image may cost in a process of its own, which gives way to the others."""
    seconds, pixels = settings.image_seconds, settings.max_pixels
    return ImageLimits(CPU_ALONE * seconds, WALL_ALONE * seconds, pixels, decoding_bytes(pixels), LEAST_NICE)


def longest_silence(limits: ImageLimits, batch_seconds: float) -> float:
    """Return after how many seconds without a sign a worker is taken for hung.

    It may decode one image, after as many as are decoded for a batch, then run the forward pass, which took
    `batch_seconds` at loading.
    """
    forward_seconds = max(LEAST_FORWARD_SECONDS, FORWARD_PASSES * batch_seconds)
    return limits.wall_seconds + 2 * BATCH_CPU_SECONDS + forward_seconds
