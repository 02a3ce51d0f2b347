"""Freed memory is kept, so that a batch's tensors are not fresh from the kernel each time, or given back."""

import subprocess
import sys

PAGE_FAULTS_OF_20_BATCHES = """
import io, resource, runpy, sys
import numpy as np, torch
from PIL import Image
from inference.preprocessing import read_pixels
from service.allocator import keep_freed_memory

assert sys.argv[1] == "as it is" or keep_freed_memory()
torch.set_num_threads(1)
network = runpy.run_path("model_server/model/network.py")["SmallCNN"]()
file = io.BytesIO()
Image.effect_noise((640, 480), 50).convert("RGB").save(file, "JPEG")


@torch.inference_mode()
def answer():
    batch = np.stack([read_pixels(file.getvalue(), 150, 10**6) for _ in range(8)])
    network(torch.from_numpy(batch).permute(0, 3, 1, 2))


def faults(batches):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(batches):
        answer()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


faults(5)
print(faults(20))
"""


def page_faults(how: str) -> int:
    command = [sys.executable, "-c", PAGE_FAULTS_OF_20_BATCHES, how]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_freed_memory_is_used_again() -> None:
    """A tenth of the page faults, or less; each of them zeroes 4 KiB."""
    assert page_faults("kept") * 10 < page_faults("as it is")


RESIDENT_AFTER_A_BATCH = """
import psutil
from service.allocator import give_back_freed_memory, keep_freed_memory

keep_freed_memory()
before = psutil.Process().memory_info().rss
batch = [bytearray(2**20) for _ in range(48)]
last = bytearray(2**16)
del batch
kept = psutil.Process().memory_info().rss - before
give_back_freed_memory()
print(kept, psutil.Process().memory_info().rss - before)
"""


def test_what_is_kept_can_be_given_back() -> None:
    """48 MiB of a batch, kept when it is freed."""
    command = [sys.executable, "-c", RESIDENT_AFTER_A_BATCH]
    kept, left = map(int, subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
    assert kept > 40 * 2**20
    assert left < 8 * 2**20
