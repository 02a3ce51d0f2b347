"""GIF: blocks up to the first frame, the only one that is decoded (GIF89a, 15 ff.)."""

from inference.image_structure.structure import Structure, little

EXTENSION, FRAME, TRAILER = 0x21, 0x2C, 0x3B


def read_gif(data: bytes, most_parts: int) -> Structure:
    """Count blocks, and bytes between them; a frame that stands out of the canvas enlarges it."""
    width, height = little(data, 6, 2), little(data, 8, 2)
    flags = little(data, 10, 1)
    at = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    parts = metadata = 0
    while at < len(data) and parts < most_parts and data[at] not in {FRAME, TRAILER}:
        parts += 1
        if data[at] != EXTENSION:
            at += 1  # between blocks Pillow looks for the next one byte by byte
            continue
        at += 2
        while (size := little(data, at, 1)) and parts < most_parts:
            parts += 1
            metadata += size
            at += 1 + size
        at += 1
    if data[at : at + 1] == bytes([FRAME]):
        width = max(width, little(data, at + 1, 2) + little(data, at + 5, 2))
        height = max(height, little(data, at + 3, 2) + little(data, at + 7, 2))
    return Structure("GIF", width, height, width * height, parts=parts, metadata_bytes=metadata)
