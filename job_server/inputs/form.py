"""The files of a form, found within the body on disk: none of their data is copied.

As in `service.form` a line that begins with the boundary is one, so the steps are as many as the parts.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from job_server.inputs.job_input import WrongInputs
from job_server.inputs.names import clean
from job_server.inputs.reading import Reading
from job_server.inputs.region import Region
from service.form import MAX_HEAD_BYTES, MAX_PADDING_BYTES, WrongForm, read_boundary, read_head

FIELD = "file"
OTHER_PARTS = 128  # fields beside the files
WINDOW_BYTES = 2**16


@dataclass(frozen=True)
class FormFile:
    """A file of a form: its name, its declared type or "", and where it lies."""

    filename: str
    content_type: str
    region: Region


def read_form(region: Region, content_type: str, reading: Reading) -> Iterator[FormFile]:
    """Yield the parts `file`; other fields are passed over.

    Raises:
        WrongInputs: 422, it is malformed, which may be found behind good parts; 413, it has too many parts.
    """
    try:
        boundary = read_boundary(content_type.encode("latin-1", "replace").decode("latin-1"))
        for number, (head, data) in enumerate(split(region, b"--" + boundary), start=1):
            if number > reading.limits.inputs + OTHER_PARTS:
                most = reading.limits.inputs
                raise WrongInputs(f"The form has more than {most} files. Send them as several jobs.", 413)
            name, filename, declared = read_head(head)
            if name == FIELD:
                yield FormFile(clean(filename or ""), declared or "", data)
    except WrongForm as error:
        raise WrongInputs(f"The form cannot be read: {error}. {reading.what_to_send}") from error


def split(region: Region, delimiter: bytes) -> Iterator[tuple[bytes, Region]]:
    """Yield each part's head and data; WrongForm when the form is malformed."""
    line = b"\r\n" + delimiter
    # What stands before the first boundary is nobody's.
    begins = region.at(0, len(delimiter)) == delimiter
    position = len(delimiter) if begins else find(region, line, 0) + len(line)
    while not (window := region.at(position, MAX_PADDING_BYTES + MAX_HEAD_BYTES)).startswith(b"--"):
        begin = window.find(b"\r\n", 0, MAX_PADDING_BYTES)
        if begin < 0 or window[:begin].strip(b" \t"):
            raise WrongForm("something stands behind a boundary, on its line")
        # A part without headers has its empty line at once.
        head_end = window.find(b"\r\n\r\n", begin, begin + MAX_HEAD_BYTES)
        if head_end < 0:
            raise WrongForm(f"the head of a part has no end, or more than {MAX_HEAD_BYTES} bytes")
        end = find(region, line, position + head_end + 2)
        yield window[begin + 2 : head_end], region.part(position + head_end + 4, end)
        position = end + len(line)


def find(region: Region, line: bytes, start: int) -> int:
    """Return where the next boundary's line begins; WrongForm when there is none."""
    while start < region.size:
        found = region.at(start, WINDOW_BYTES + len(line)).find(line)
        if found >= 0:
            return start + found
        start += WINDOW_BYTES
    raise WrongForm("it ends before its last boundary")
