"""JPEG: segments up to the first scan, and all scans where the decoder goes through all (ITU-T T.81, B)."""

import re

from inference.image_structure.structure import Structure, big

MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")  # but stuffing, restarts, and what has no length
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
PROGRESSIVE = {0xC2, 0xC6, 0xCA, 0xCE}
START_OF_SCAN, END_OF_IMAGE = 0xDA, 0xD9
METADATA = {*range(0xE0, 0xF0), 0xFE}
FILL = 256  # bytes between segments that count as a part: Pillow passes them one by one


def read_jpeg(data: bytes, most_parts: int) -> Structure:
    """Count segments and scans; what comes after the end (other images, say) is nobody's concern."""
    width = height = components = parts = scans = metadata = at = 0
    progressive = False
    while parts < most_parts:
        farthest = len(data) if scans else min(len(data), at + FILL * most_parts)
        found = MARKER.search(data, at, farthest)
        if not scans:
            parts += ((found.start() if found else farthest) - at) // FILL
        if not found:
            break
        at = found.end()
        marker = data[at - 1]
        if marker == END_OF_IMAGE:
            break
        parts += 1
        length = max(2, big(data, at, 2))
        if marker in FRAMES:
            height, width = max(height, big(data, at + 3, 2)), max(width, big(data, at + 5, 2))
            components = max(components, big(data, at + 7, 1))
            progressive |= marker in PROGRESSIVE
        elif marker in METADATA:
            metadata += length
        elif marker == START_OF_SCAN:
            scans += 1
            if not progressive and big(data, at + 2, 1) >= components:
                break  # it holds everything: libjpeg reads no further
        at += length
    return Structure(
        "JPEG", width, height, width * height, parts=parts, scans=max(1, scans), metadata_bytes=metadata
    )
