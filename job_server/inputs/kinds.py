"""What a file is: by its type where one is declared, else by its name's ending and its first bytes."""

from enum import Enum, auto
from pathlib import PurePosixPath

from python_multipart.multipart import parse_options_header

from inference.image_structure.sniffing import sniff_format
from job_server.inputs.job_input import WrongInputs
from job_server.inputs.reading import Reading
from service.form import MAX_PARAMETERS, UTF8

FORM = "multipart/form-data"
UNDECLARED = "application/octet-stream"
BEGINNING_BYTES = 32
MAX_TYPE_CHARACTERS = 1000


class Kind(Enum):
    """The kinds of files that hold inputs."""

    IMAGE = auto()
    ARCHIVE = auto()
    TABLE = auto()
    LINES = auto()
    TENSORS = auto()


TYPES = {
    "application/zip": Kind.ARCHIVE,
    "application/x-zip-compressed": Kind.ARCHIVE,
    "text/csv": Kind.TABLE,
    "application/csv": Kind.TABLE,
    "text/tab-separated-values": Kind.TABLE,
    "application/vnd.ms-excel": Kind.TABLE,  # what Windows declares of a .csv
    "application/x-ndjson": Kind.LINES,
    "application/jsonl": Kind.LINES,
    "application/json-lines": Kind.LINES,
    "application/json": Kind.TENSORS,
}
ENDINGS = {
    ".csv": Kind.TABLE,
    ".tsv": Kind.TABLE,
    ".jsonl": Kind.LINES,
    ".ndjson": Kind.LINES,
    ".json": Kind.TENSORS,
}
ARCHIVES = (b"PK\3\4", b"PK\5\6")
FITTING = {"image": {Kind.IMAGE, Kind.ARCHIVE}, "tensor": set(Kind) - {Kind.IMAGE}}


def declared_kind(content_type: str, filename: str, beginning: bytes, reading: Reading) -> Kind:
    """Return what a file is.

    Raises:
        WrongInputs: 415, it is declared in another charset than UTF-8, or is nothing that this model takes.
    """
    media_type = read_type(content_type)
    if media_type == UNDECLARED:
        kind: Kind | None = sniffed_kind(filename, beginning, reading)
    else:
        kind = Kind.IMAGE if media_type.startswith("image/") else TYPES.get(media_type)
    if kind not in FITTING[reading.manifest.input]:
        what = f"is declared as {media_type[:80]!r}" if media_type != UNDECLARED else "is of another kind"
        raise WrongInputs(f"{filename or 'The body'} {what}. {reading.what_to_send}", 415)
    assert kind is not None  # noqa: S101 - None fits no model, mypy cannot know
    return kind


def sniffed_kind(filename: str, beginning: bytes, reading: Reading) -> Kind:
    """Return what a file is of which no type is declared; of what nothing tells, what the model takes."""
    if beginning.startswith(ARCHIVES):
        return Kind.ARCHIVE
    # The ending goes before the bytes of an image: a table may begin with BMI, as a bitmap does with BM.
    if by_ending := ENDINGS.get(PurePosixPath(filename).suffix.lower()):
        return by_ending
    is_image = sniff_format(beginning) is not None
    if reading.manifest.input == "image" or (is_image and not beginning.startswith(b"BM")):
        return Kind.IMAGE
    return Kind.LINES if beginning.removeprefix(b"\xef\xbb\xbf").startswith((b"{", b"[")) else Kind.TABLE


def read_type(content_type: str) -> str:
    """Return a content type in lower case and without its parameters.

    Raises:
        WrongInputs: 415, it has too many parameters, or names another charset than UTF-8.
    """
    if len(content_type) > MAX_TYPE_CHARACTERS or content_type.count(";") > MAX_PARAMETERS:
        raise WrongInputs(f"The content type is too long. Send {FORM}, or a file's own type.", 415)
    media_type, parameters = parse_options_header(content_type.encode("latin-1", "replace").decode("latin-1"))
    charset = parameters.get(b"charset", b"utf-8").decode("latin-1").lower()
    if charset not in UTF8:
        raise WrongInputs(f"The charset is {charset[:40]!r}, and only UTF-8 is read. Send that.", 415)
    return media_type.decode("latin-1").strip()
