"""WebP: chunks of its RIFF container, and the canvas, which opening allocates (RFC 9649)."""

from inference.image_structure.structure import Structure, little

METADATA = {b"ICCP", b"EXIF", b"XMP "}


def read_webp(data: bytes, most_parts: int) -> Structure:
    """Count chunks; canvas and frames are held to the same bound, so the largest of them is the size."""
    width = height = parts = metadata = 0
    at, end = 12, min(len(data), 8 + little(data, 4, 4))
    while at < end and parts < most_parts:
        name, length = data[at : at + 4], little(data, at + 4, 4)
        parts += 1
        frame_width, frame_height = frame_size(name, data[at + 8 : at + 24])
        width, height = max(width, frame_width), max(height, frame_height)
        if name in METADATA:
            metadata += length
        at += 8 + length + length % 2
    return Structure("WEBP", width, height, width * height, parts=parts, metadata_bytes=metadata)


def frame_size(name: bytes, payload: bytes) -> tuple[int, int]:
    """Return width and height that a chunk says; 0 and 0 of one that says none."""
    if name == b"VP8X":
        return little(payload, 4, 3) + 1, little(payload, 7, 3) + 1
    if name == b"ANMF":
        return little(payload, 6, 3) + 1, little(payload, 9, 3) + 1
    if name == b"VP8 ":
        return little(payload, 6, 2) & 0x3FFF, little(payload, 8, 2) & 0x3FFF
    if name == b"VP8L":
        bits = little(payload, 1, 4)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return 0, 0
