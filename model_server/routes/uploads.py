"""The images of a request: its raw body, or the parts `file` of a form."""

from dataclasses import dataclass
from functools import partial

from fastapi import Request

from service.body import BodyParser, media_type, read_body
from service.form import WrongForm, read_boundary, read_form
from service.problems import Problem

FAULT = "fake_server_error/"
FORM = "multipart/form-data"
UNDECLARED = "application/octet-stream"
MAX_FILES = 64
HOW = "Send an image as the body with its type, say image/jpeg, or as the part `file` of a form."


class InjectedFault(Exception):
    """The fault that a load test asked for."""


@dataclass(frozen=True)
class Upload:
    """One image's bytes, and what the client says of them."""

    filename: str | None
    content_type: str | None
    data: bytes


async def read_uploads(request: Request, parser: BodyParser, *, fault_injection: bool) -> list[Upload]:
    """Read the images, at least one.

    Raises:
        Problem: there is none, there are too many, or one is declared to be something else.
    """
    declared = media_type(request)
    if declared in {"application/json", "application/x-www-form-urlencoded", ""}:
        raise Problem(422, "Invalid request", f"There is no file. {HOW}")
    if declared != FORM:
        refuse_other_types(declared, fault_injection=fault_injection)
        return [Upload(None, declared, await read_body(request))]
    try:
        boundary = read_boundary(request.headers["content-type"])
        uploads = await parser.parse(request, partial(read_files, boundary=boundary))
    except WrongForm as error:
        raise Problem(422, "Invalid request", f"The form cannot be read: {error}. {HOW}") from error
    for upload in uploads:
        refuse_other_types(upload.content_type, fault_injection=fault_injection)
    return uploads


def read_files(body: bytes, boundary: bytes) -> list[Upload]:
    """Read the parts `file` of a form; WrongForm when it is none."""
    parts = read_form(body, boundary, "file")
    uploads = [
        Upload(part.filename, part.content_type, part.data) for part in parts if part.filename is not None
    ]
    if not uploads:
        raise Problem(422, "Invalid request", f"The form has no file under the name `file`. {HOW}")
    if len(uploads) > MAX_FILES:
        raise Problem(400, "Bad Request", f"Too many files: {len(uploads)}. Send 1 to {MAX_FILES} at once.")
    return uploads


def refuse_other_types(content_type: str | None, *, fault_injection: bool) -> None:
    """Refuse what is declared to be no image; an undeclared type is judged by its bytes."""
    declared = content_type or UNDECLARED
    if fault_injection and declared.startswith(FAULT):
        raise InjectedFault(declared)
    if declared != UNDECLARED and not declared.startswith("image/"):
        raise Problem(415, "Unsupported Media Type", f"The file is {declared!r}. {HOW}")
