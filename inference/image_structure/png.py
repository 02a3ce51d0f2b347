"""PNG and APNG: chunks (ISO/IEC 15948, 5)."""

from inference.image_structure.structure import Structure, big

SIGNATURE = b"\x89PNG\r\n\x1a\n"
PIXELS = {b"IHDR", b"PLTE", b"IDAT", b"fdAT", b"fcTL", b"acTL", b"IEND"}
COMPRESSED = {b"zTXt", b"iTXt", b"iCCP"}


def read_png(data: bytes, most_parts: int) -> Structure:
    """Count chunks; a first chunk that is no IHDR leaves the size at 0."""
    width, height = (big(data, 16, 4), big(data, 20, 4)) if data[12:16] == b"IHDR" else (0, 0)
    parts = metadata = inflated = 0
    at = len(SIGNATURE)
    while at < len(data) and parts < most_parts:
        name, length = data[at + 4 : at + 8], big(data, at, 4)
        parts += 1
        if name == b"IEND":
            break
        if name not in PIXELS:
            metadata += length
            inflated += name in COMPRESSED
        at += 12 + length
    return Structure(
        "PNG",
        width,
        height,
        width * height,
        parts=parts,
        metadata_bytes=metadata,
        inflated=inflated,
    )
