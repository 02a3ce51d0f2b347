"""Decoding takes no more memory than is said of it, whatever the format: limits are derived from that."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from inference.image_limits import DECODING_BYTES_PER_PIXEL, MIB
from tests.image_files import encoded, turned

PROJECT = Path(__file__).parents[3]
WIDTH, HEIGHT = 3000, 2000
BESIDE = 16 * MIB  # of DECODING_BYTES: the file itself, and what a decoder has once
SIZE = 700  # of the network's input: so large that the JPEGs are not reduced

DECODE = """
import os, resource, sys, warnings
from pathlib import Path
import torch
from inference.image_limits import ALLOWED_FORMATS
from inference.preprocessing import read_pixels
from service.allocator import keep_freed_memory
from tests.image_files import encoded
from PIL import Image

def data_bytes():
    (line,) = [line for line in open("/proc/self/status") if line.startswith("VmData")]
    return 1024 * int(line.split()[1])

def read(file):
    read_pixels(file, int(sys.argv[1]), 10**8, ALLOWED_FORMATS)

warnings.simplefilter("ignore")
torch.set_num_threads(1)
keep_freed_memory()
for name in ALLOWED_FORMATS:
    read(encoded(Image.new("RGB", (64, 64)), name))
for path in sys.argv[3:]:
    pid = os.fork()
    if not pid:
        resource.setrlimit(resource.RLIMIT_DATA, 2 * (data_bytes() + int(sys.argv[2]),))
        try:
            read(Path(path).read_bytes())
        except BaseException as error:
            print(path, "does not fit:", repr(error), flush=True)
        os._exit(0)
    os.waitpid(pid, 0)
"""


def photo() -> Image.Image:
    """Return an image with detail of every size, and transparency."""
    random = np.random.default_rng(1)
    coarse = Image.fromarray(random.integers(0, 256, (40, 60, 4), dtype=np.uint8))
    smooth = np.asarray(coarse.resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR))
    return Image.fromarray(smooth // 2 + random.integers(0, 4, smooth.shape, dtype=np.uint8))


def lossless(image: Image.Image) -> bytes:
    return encoded(image, "WEBP", lossless=True, method=0, quality=0, exif=turned())


WORST: dict[str, Callable[[Image.Image], bytes]] = {
    "webp-rgba": lossless,
    "webp-rgb": lambda image: lossless(image.convert("RGB")),
    "avif": lambda image: encoded(image, "AVIF", speed=10, subsampling="4:4:4"),
    "jpeg": lambda image: encoded(image.convert("RGB"), "JPEG", progressive=True, subsampling=0),
    "jpeg-cmyk": lambda image: encoded(image.convert("CMYK"), "JPEG", progressive=True, subsampling=0),
    "png-la": lambda image: encoded(image.convert("LA"), "PNG", compress_level=1),
    "png-16": lambda image: encoded(sixteen_bits(image), "PNG", compress_level=1),
    "gif": lambda image: encoded(image.convert("L").convert("P"), "GIF", transparency=0),
    "tiff-32": lambda image: encoded(image.convert("L").convert("I"), "TIFF", compression="tiff_lzw"),
}


def sixteen_bits(image: Image.Image) -> Image.Image:
    return Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)


def test_no_format_takes_more_than_is_said(tmp_path: Path) -> None:
    """A process that may take no more than that decodes the largest of each."""
    image = photo()
    for name, encode in WORST.items():
        (tmp_path / name).write_bytes(encode(image))
    budget = DECODING_BYTES_PER_PIXEL * WIDTH * HEIGHT + BESIDE
    command = [
        sys.executable,
        "-c",
        DECODE,
        str(SIZE),
        str(budget),
        *(str(tmp_path / name) for name in WORST),
    ]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout == ""
