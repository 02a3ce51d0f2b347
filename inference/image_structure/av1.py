"""AV1: the size that a stream's sequence header says (AV1 bitstream specification, 5.3 and 5.5)."""

SEQUENCE_HEADER, SEARCHED_UNITS = 1, 16


class Bits:
    """Reads numbers of so many bits from the left; beyond the end there are zeros."""

    def __init__(self, data: bytes) -> None:
        self._number = int.from_bytes(data)
        self._left = 8 * len(data)

    def read(self, size: int) -> int:
        """Return the next number."""
        self._left -= size
        shifted = self._number >> self._left if self._left >= 0 else self._number << -self._left
        return shifted & ((1 << size) - 1)

    def skip_unary(self) -> None:
        """Pass a number of the specification's uvlc()."""
        zeros = 0
        while self._left > 0 and not self.read(1):
            zeros += 1
        self.read(zeros)


def frame_size(stream: bytes) -> tuple[int, int]:
    """Return the largest width and height in the stream's first units; 0 and 0 where none says one."""
    width = height = at = 0
    for _ in range(SEARCHED_UNITS):
        if at >= len(stream):
            break
        head = stream[at]
        at += 2 if head & 4 else 1  # with an extension
        size, at = leb128(stream, at) if head & 2 else (len(stream) - at, at)
        if head >> 3 & 15 == SEQUENCE_HEADER:
            found = sequence_size(Bits(stream[at : at + min(size, 256)]))
            width, height = max(width, found[0]), max(height, found[1])
        at += size
    return width, height


def leb128(data: bytes, at: int) -> tuple[int, int]:
    """Return a number of seven bits a byte, and where it ends."""
    number = 0
    for index, byte in enumerate(data[at : at + 8]):
        number |= (byte & 127) << 7 * index
        if not byte & 128:
            return number, at + index + 1
    return number, at + 8


def sequence_size(bits: Bits) -> tuple[int, int]:
    """Return width and height of a sequence header."""
    bits.read(4)  # profile, still_picture
    if bits.read(1):  # reduced_still_picture_header
        bits.read(5)
    else:
        skip_operating_points(bits)
    width_bits, height_bits = bits.read(4) + 1, bits.read(4) + 1
    return bits.read(width_bits) + 1, bits.read(height_bits) + 1


def skip_operating_points(bits: Bits) -> None:
    """Pass the timing and the operating points."""
    delay_bits = 0
    has_timing = bits.read(1)
    if has_timing:
        bits.read(64)
        if bits.read(1):
            bits.skip_unary()
        if bits.read(1):  # decoder_model_info_present_flag
            delay_bits = bits.read(5) + 1
            bits.read(42)
    has_display_delay = bits.read(1)
    for _ in range(bits.read(5) + 1):
        bits.read(12)
        if bits.read(5) > 7:
            bits.read(1)
        if delay_bits and bits.read(1):
            bits.read(2 * delay_bits + 1)
        if has_display_delay and bits.read(1):
            bits.read(4)
