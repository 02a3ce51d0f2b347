"""The largest body that nginx takes, as text for body_limit.conf: the model servers' MAX_BODY_BYTES."""

FILE = "body_limit.conf"
VARIABLE = "MAX_BODY_BYTES"
DEFAULT_BYTES = 10 * 2**20
MOST_BYTES = 64 * 2**20  # a quarter of nginx's room for bodies under way


def parse_body_limit(written: str) -> int:
    """Return the limit in bytes; nothing written is the default.

    Raises ValueError, with what to write, for anything but a whole number from 1 to MOST_BYTES.
    """
    if not written:
        return DEFAULT_BYTES
    if not (written.isascii() and written.isdecimal() and 1 <= int(written) <= MOST_BYTES):
        raise ValueError(
            f"{VARIABLE}: {written!r} is not a number of bytes from 1 to {MOST_BYTES}; correct it in .env"
        )
    return int(written)


def body_limit(most_bytes: int) -> str:
    """Return the directive, and the number as a variable for the text of the refusal."""
    return f'client_max_body_size {most_bytes};\nmap "" $max_body_bytes {{\n    default {most_bytes};\n}}\n'
