"""What changes bytes: each change is made from a random generator alone."""

import struct
from collections.abc import Callable, Sequence
from random import Random

from tests.robustness.corpus import small_images

MOST_BYTES = 64_000
NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 2**31 - 1, 2**31, 2**32 - 1)


def flip_bits(random: Random, data: bytes) -> bytes:
    """Turn over a few bits."""
    changed = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 4, 16))):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def set_bytes(random: Random, data: bytes) -> bytes:
    """Write noise over a few bytes."""
    start, count = random.randrange(len(data)), random.randint(1, 16)
    return data[:start] + random.randbytes(count) + data[start + count :]


def edit_number(random: Random, data: bytes) -> bytes:
    """Write a number of two or four bytes that lengths, sizes and offsets are often wrong at."""
    start, number = random.randrange(len(data)), random.choice(NUMBERS)
    layout = random.choice("<>") + random.choice("HI")
    field = struct.pack(layout, number & (0xFFFF if layout[1] == "H" else 0xFFFFFFFF))
    return data[:start] + field + data[start + len(field) :]


def truncate(random: Random, data: bytes) -> bytes:
    """Leave the end away."""
    return data[: random.randrange(len(data))]


def duplicate(random: Random, data: bytes) -> bytes:
    """Repeat a piece, up to a hundred times."""
    start, end = sorted((random.randrange(len(data)), random.randrange(len(data))))
    return data[:end] + data[start:end] * random.choice((1, 1, 2, 10, 100)) + data[end:]


def delete(random: Random, data: bytes) -> bytes:
    """Leave a piece away."""
    start = random.randrange(len(data))
    return data[:start] + data[start + random.randint(1, 64) :]


def insert(random: Random, data: bytes) -> bytes:
    """Put noise in between."""
    start = random.randrange(len(data))
    return data[:start] + random.randbytes(random.randint(1, 64)) + data[start:]


def splice(random: Random, data: bytes) -> bytes:
    """Go on as another image."""
    other = random.choice(small_images())
    return data[: random.randrange(len(data))] + other[random.randrange(len(other)) :]


MUTATIONS: Sequence[Callable[[Random, bytes], bytes]] = (
    flip_bits,
    set_bytes,
    edit_number,
    truncate,
    duplicate,
    delete,
    insert,
    splice,
)


def mutate(random: Random, data: bytes) -> bytes:
    """Apply one mutation, or up to four of them."""
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        if data:
            data = random.choice(MUTATIONS)(random, data)[:MOST_BYTES]
    return data
