"""Parse `multipart/form-data` (RFC 7578) in memory, with a bound on everything that a client can repeat.

Starlette's parser decodes names in whatever charset the client declares, and some codecs are quadratic; and a
parser that steps through its states in Python takes seconds for 10 MB of almost-boundaries. Here a line that
begins with the boundary is one, as RFC 2046 has it, so the steps are as many as the parts.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from python_multipart.multipart import parse_options_header

MAX_PARTS = 128
MAX_HEAD_BYTES = 8192
MAX_PARAMETERS = 16
MAX_BOUNDARY_BYTES = 70  # RFC 2046
MAX_PADDING_BYTES = 256
WINDOW_BYTES = 2**20  # what is searched in one go: a thread holds Python's lock for as long
UTF8 = {"utf-8", "utf8", "us-ascii", "ascii"}


class WrongForm(Exception):
    """The body is no form, or more of one than is read; the message says why."""


@dataclass(frozen=True)
class Part:
    """A part with its data; `filename` is there for files only, `content_type` where it is declared."""

    name: str
    filename: str | None
    content_type: str | None
    data: bytes


def read_boundary(content_type: str) -> bytes:
    """Return the boundary that a form's content type declares.

    Raises:
        WrongForm: there is none, or the form is in another charset than UTF-8.
    """
    if content_type.count(";") > MAX_PARAMETERS:
        raise WrongForm(f"its content type has more than {MAX_PARAMETERS} parameters")
    _, parameters = parse_options_header(content_type)
    charset = parameters.get(b"charset", b"utf-8").decode("latin-1").lower()
    if charset not in UTF8:
        raise WrongForm(f"its charset is {charset[:40]!r}, and only UTF-8 is read")
    boundary = parameters.get(b"boundary", b"")
    if not 1 <= len(boundary) <= MAX_BOUNDARY_BYTES:
        raise WrongForm(f"its boundary has {len(boundary)} characters, not 1 to {MAX_BOUNDARY_BYTES}")
    return boundary


def read_form(body: bytes, boundary: bytes, field: str) -> list[Part]:
    """Return the form's parts of the name `field`; others are passed over, and their data not copied.

    Raises:
        WrongForm: it is malformed, has more than MAX_PARTS parts, or a part's head is too large.
    """
    parts = []
    for number, (head, start, end) in enumerate(split(body, b"--" + boundary), start=1):
        if number > MAX_PARTS:
            raise WrongForm(f"it has more than {MAX_PARTS} parts")
        name, filename, content_type = read_head(head)
        if name == field:
            parts.append(Part(name, filename, content_type, body[start:end]))
    return parts


def split(body: bytes, delimiter: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield each part's head, and where in the body its data begin and end."""
    line = b"\r\n" + delimiter
    # What stands before the first boundary is nobody's.
    position = len(delimiter) if body.startswith(delimiter) else find(body, line, 0) + len(line)
    while not body.startswith(b"--", position):
        begin = body.find(b"\r\n", position, position + MAX_PADDING_BYTES)
        if begin < 0 or body[position:begin].strip(b" \t"):
            raise WrongForm("something stands behind a boundary, on its line")
        # A part without headers has its empty line at once.
        head_end = body.find(b"\r\n\r\n", begin, begin + MAX_HEAD_BYTES)
        if head_end < 0:
            raise WrongForm(f"the head of a part has no end, or more than {MAX_HEAD_BYTES} bytes")
        end = find(body, line, head_end + 2)
        yield body[begin + 2 : head_end], head_end + 4, end
        position = end + len(line)


def find(body: bytes, line: bytes, start: int) -> int:
    """Return where the next boundary's line begins."""
    while start < len(body):
        found = body.find(line, start, start + WINDOW_BYTES + len(line))
        if found >= 0:
            return found
        start += WINDOW_BYTES
    raise WrongForm("it ends before its last boundary")


def read_head(head: bytes) -> tuple[str, str | None, str | None]:
    """Return a part's name, its file's name, and its content type."""
    headers: dict[bytes, bytes] = {}
    for line in head.split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if not colon:
            raise WrongForm("a line in the head of a part is no header")
        headers.setdefault(name.strip().lower(), value.strip())
    disposition = headers.get(b"content-disposition", b"")
    if disposition.count(b";") > MAX_PARAMETERS:
        raise WrongForm(f"a part has more than {MAX_PARAMETERS} parameters")
    kind, parameters = parse_options_header(disposition)
    if kind != b"form-data" or b"name" not in parameters:
        raise WrongForm('a part has no header Content-Disposition: form-data; name="…"')
    filename, content_type = parameters.get(b"filename"), headers.get(b"content-type")
    return (
        parameters[b"name"].decode("utf-8", "replace"),
        None if filename is None else filename.decode("utf-8", "replace"),
        None if content_type is None else content_type.decode("latin-1"),
    )
