"""TIFF: tiles and strips behind a header of few pixels, faxes whose every row is an error, many values."""

import struct
from collections.abc import Sequence
from random import Random

from tests.hostile_images.filling import SIDE, zeros

Entry = tuple[int, int, Sequence[int]]  # tag, type, values
SHORT, LONG = 3, 4
RAW, HUFFMAN_RLE, FAX3, FAX4, DEFLATE, PACKBITS, LZMA = 1, 2, 3, 4, 8, 32773, 34925


def tiff(entries: Sequence[Entry], data: bytes, data_tags: Sequence[int] = ()) -> bytes:
    """Return a little-endian TIFF of one directory; values of `data_tags` are offsets into `data`."""
    entries = sorted(entries)
    start = 8 + 2 + 12 * len(entries) + 4
    sizes = {SHORT: 2, LONG: 4, 1: 1, 7: 1}
    outside = bytearray()
    begin_data = start + sum(
        size + size % 2 for tag, kind, values in entries if (size := sizes[kind] * len(values)) > 4
    )
    directory = bytearray(struct.pack("<H", len(entries)))
    for tag, kind, values in entries:
        moved = [value + begin_data for value in values] if tag in data_tags else values
        packed = struct.pack(f"<{len(moved)}{ {SHORT: 'H', LONG: 'I'}.get(kind, 'B') }", *moved)
        directory += struct.pack("<HHI", tag, kind, len(moved))
        if len(packed) <= 4:
            directory += packed.ljust(4, b"\0")
        else:
            directory += struct.pack("<I", start + len(outside))
            outside += packed + b"\0" * (len(packed) % 2)
    return b"II*\0" + struct.pack("<I", 8) + bytes(directory) + b"\0" * 4 + bytes(outside) + data


def tiff_of(width: int, height: int, compression: int, channels: int, *more: Entry) -> list[Entry]:
    """Return the entries that every image has."""
    bits = 1 if channels == 0 else 8
    return [
        (256, LONG, [width]),
        (257, LONG, [height]),
        (258, SHORT, [bits] * max(1, channels)),
        (259, SHORT, [compression]),
        (262, SHORT, [2 if channels >= 3 else 1]),
        (277, SHORT, [max(1, channels)]),
        *more,
    ]


def tiff_tiled(width: int, height: int, tile: tuple[int, int], channels: int, planes: int = 1) -> bytes:
    """Return an image whose tiles are all the same deflated zeros."""
    across, down = -(-width // tile[0]), -(-height // tile[1])
    count = across * down * (channels if planes == 2 else 1)
    data = zeros(tile[0] * tile[1] * (1 if planes == 2 else channels))
    extra: list[Entry] = [(338, SHORT, [2])] if channels == 4 else []
    entries = tiff_of(
        width,
        height,
        DEFLATE,
        channels,
        (284, SHORT, [planes]),
        (322, LONG, [tile[0]]),
        (323, LONG, [tile[1]]),
        (324, LONG, [0] * count),
        (325, LONG, [len(data)] * count),
        *extra,
    )
    return tiff(entries, data, (324,))


def tiff_stripped(
    size: tuple[int, int], rows: int, compression: int, channels: int, strip: bytes, *more: Entry
) -> bytes:
    """Return an image whose strips of `rows` rows are all the same bytes."""
    width, height = size
    count = -(-height // rows)
    entries = tiff_of(
        width,
        height,
        compression,
        channels,
        (273, LONG, [0] * count),
        (278, LONG, [rows]),
        (279, LONG, [len(strip)] * count),
        *more,
    )
    return tiff(entries, strip, (273,))


def tiff_huge_tile() -> bytes:
    """Return 64 x 64 pixels in one tile of 16384 x 16384."""
    return tiff_tiled(64, 64, (16384, 16384), 3)


def tiff_huge_tile_grey() -> bytes:
    """Return 64 x 64 grey pixels in one tile of 30000 x 30000."""
    return tiff_tiled(64, 64, (30000 // 16 * 16, 30000 // 16 * 16), 1)


def tiff_tall_tile() -> bytes:
    """Return 16 pixels a row in a tile 16 wide and 16 million tall."""
    return tiff_tiled(16, 64, (16, 16_777_216), 3)


def tiff_huge_tile_rgba() -> bytes:
    """Return 64 x 64 pixels with transparency in one tile of 12288 x 12288."""
    return tiff_tiled(64, 64, (12288, 12288), 4)


def tiff_huge_tile_planes() -> bytes:
    """Return three planes, each a tile of 16384 x 16384."""
    return tiff_tiled(64, 64, (16384, 16384), 3, planes=2)


def tiff_many_tiles() -> bytes:
    """Return 25 megapixels in 97,344 tiles of 16 x 16."""
    return tiff_tiled(4992, 4992, (16, 16), 3)


def tiff_many_strips() -> bytes:
    """Return 41 x 600,000 pixels in as many strips as rows."""
    return tiff_stripped((41, 600_000), 1, DEFLATE, 1, zeros(41))


def tiff_many_raw_strips() -> bytes:
    """Return 41 x 600,000 uncompressed pixels in as many strips as rows."""
    return tiff_stripped((41, 600_000), 1, RAW, 1, bytes(41))


def tiff_most_strips() -> bytes:
    """Return 25 megapixels in as many strips as rows, in the longest shape that is allowed."""
    return tiff_stripped((884, 28_280), 1, RAW, 1, bytes(884))


def tiff_huge_strip() -> bytes:
    """Return 25 megapixels in one strip."""
    return tiff_stripped((SIDE, SIDE), SIDE, DEFLATE, 3, zeros(SIDE * SIDE * 3))


def tiff_fax(width: int, height: int, compression: int, data: bytes) -> bytes:
    """Return a bilevel fax image in one strip."""
    return tiff_stripped((width, height), height, compression, 0, data)


def wrong_codes(seed: int) -> bytes:
    """Return noise that ends in code words which no row can go on from."""
    return Random(seed).randbytes(300)


def tiff_fax3_tall() -> bytes:
    """Return 422 bytes: a fax of 1 x 4,000,000 pixels, each row of which is an error to tell of."""
    return tiff_fax(1, 4_000_000, FAX3, wrong_codes(0))


def tiff_huffman_tall() -> bytes:
    """Return the same in the older Huffman coding."""
    return tiff_fax(1, 4_000_000, HUFFMAN_RLE, wrong_codes(1))


def tiff_fax3_broad() -> bytes:
    """Return the same with rows of six pixels."""
    return tiff_fax(6, 4_000_000, FAX3, wrong_codes(2))


def tiff_fax4_tall() -> bytes:
    """Return a tall fax in group 4's coding."""
    return tiff_fax(1, 4_000_000, FAX4, b"\xaa" * 300)


def tiff_packbits_tall() -> bytes:
    """Return 1 x 25,000,000 pixels whose strip ends at once."""
    return tiff_stripped((1, SIDE * SIDE), SIDE * SIDE, PACKBITS, 1, b"\x00\x00" * 8)


def tiff_many_tags() -> bytes:
    """Return a small image with 60,000 private tags of 32 bytes."""
    tags: list[Entry] = [
        (number, SHORT, [1] * 16) for number in range(1024, 61024) if number < 32700 or number > 51000
    ]
    return tiff_stripped((8, 8), 8, RAW, 3, bytes(192), *tags)


def tiff_lzma() -> bytes:
    """Return a strip in LZMA, whose dictionary may be as large as the file says."""
    return tiff_stripped((64, 64), 64, LZMA, 1, bytes(64))


HOSTILE = (
    tiff_huge_tile,
    tiff_huge_tile_grey,
    tiff_tall_tile,
    tiff_huge_tile_rgba,
    tiff_huge_tile_planes,
    tiff_many_tiles,
    tiff_many_strips,
    tiff_many_raw_strips,
    tiff_fax4_tall,
    tiff_fax3_tall,
    tiff_huffman_tall,
    tiff_fax3_broad,
    tiff_packbits_tall,
    tiff_many_tags,
    tiff_lzma,
)
HARMLESS = (tiff_most_strips, tiff_huge_strip)
