"""BMP: its header."""

from inference.image_structure.structure import Structure, little

CORE_HEADER = 12


def read_bmp(data: bytes, _most_parts: int) -> Structure:
    """Read the size; a negative height means that the rows come from the top."""
    size = 2 if little(data, 14, 4) == CORE_HEADER else 4
    width, height = (
        abs(int.from_bytes(data[at : at + size], "little", signed=size == 4)) for at in (18, 18 + size)
    )
    return Structure("BMP", width, height, width * height)
