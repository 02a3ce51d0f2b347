"""How much memory an image model's server may need, item by item, and whether there is as much.

The limit of a container ends whatever goes beyond it, and a whole slot with it. So settings that cannot hold
are refused at start, not by the first large image.
"""

from dataclasses import dataclass
from math import ceil

from inference.image_limits import BATCH_PIXELS, DECODING_BYTES_PER_PIXEL, MIB, decoding_bytes
from inference.manifest import BadModelPackage
from service.body_limit import BODIES_AT_ONCE

# Measured with the demo's packages: what is of no file, as files can be read again and are dropped first.
SERVER_BYTES = 80 * MIB
LIBRARIES_BYTES = 200 * MIB  # PyTorch and torchvision; the workers of one model share them
WORKER_BYTES = 24 * MIB
REQUEST_BYTES = 32 * 1024  # that waits, beside its body
WEIGHTS_COPIES = 2  # loading reads them beside the network that they go into
LAYERS_ALIVE = 8  # a forward pass keeps as many times its input's bytes


class TooLittleMemory(BadModelPackage):
    """The settings need more memory than there is; `lines` show the sum, and what to change."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


@dataclass(frozen=True)
class MemorySettings:
    """What memory depends on: settings, and `image_size` (pixels a side) and weights of the package."""

    max_image_pixels: int
    max_body_bytes: int
    queue_size: int
    batch_max_size: int
    workers: int
    image_size: int
    weights_bytes: int


def memory_needs(settings: MemorySettings) -> dict[str, int]:
    """Return the bytes of each item when all come at once: uploads, a large image, full batches, a reload."""
    workers, body = settings.workers, settings.max_body_bytes
    batch = settings.batch_max_size * settings.image_size**2 * 3 * 4
    model = LIBRARIES_BYTES + WEIGHTS_COPIES * settings.weights_bytes
    running = workers * (WORKER_BYTES + LAYERS_ALIVE * batch) + WORKER_BYTES  # that of one image alone
    decoded_bodies = (workers + 1) * body
    return {
        "the server's own process": SERVER_BYTES,
        f"QUEUE_SIZE={settings.queue_size} requests that wait": settings.queue_size * REQUEST_BYTES,
        f"{BODIES_AT_ONCE} uploads of MAX_BODY_BYTES={body}, and what is decoded of them": (
            BODIES_AT_ONCE * body + decoded_bodies
        ),
        "PyTorch, and the weights while they are loaded": model,
        f"batches of BATCH_MAX_SIZE={settings.batch_max_size} in {workers} workers": running,
        f"images of up to {BATCH_PIXELS} pixels in {workers} workers": (
            workers * decoding_bytes(BATCH_PIXELS)
        ),
        f"one image of MAX_IMAGE_PIXELS={settings.max_image_pixels}": decoding_bytes(
            settings.max_image_pixels
        ),
        "a new model beside the old one, during a reload": model + running,
    }


def check_memory(settings: MemorySettings, limit: int) -> None:
    """Compare what is needed with the `limit` in bytes.

    Raises:
        TooLittleMemory: it is more.
    """
    needs = memory_needs(settings)
    total = sum(needs.values())
    if total <= limit:
        return
    pixels = (limit - total) // DECODING_BYTES_PER_PIXEL + settings.max_image_pixels
    fewer = f", or MAX_IMAGE_PIXELS={pixels} at most" if pixels >= BATCH_PIXELS else ""
    raise TooLittleMemory(
        [
            f"the settings may need {in_mib(total)} of memory, and there are {limit // MIB} MiB:",
            *(f"{in_mib(size)}: {item}" for item, size in needs.items()),
            f"Set MODEL_SERVER_MEMORY={ceil(total / MIB)}m (with Docker){fewer}.",
        ]
    )


def in_mib(size: int) -> str:
    """Write a number of bytes in MiB, rounded up."""
    return f"{ceil(size / MIB)} MiB"
