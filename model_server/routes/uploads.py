"""The images of a request: its raw body, or the parts `file` of a form."""

from dataclasses import dataclass

from fastapi import Request
from starlette.datastructures import UploadFile

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


async def read_uploads(request: Request, *, fault_injection: bool) -> list[Upload]:
    """Read the images, at least one.

    Raises:
        Problem: there is none, there are too many, or one is declared to be something else.
    """
    declared = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if declared == FORM:
        uploads = await read_form(request)
    elif declared in {"application/json", "application/x-www-form-urlencoded", ""}:
        raise Problem(422, "Invalid request", f"There is no file. {HOW}")
    else:
        uploads = [Upload(None, declared, await request.body())]
    for upload in uploads:
        refuse_other_types(upload.content_type, fault_injection=fault_injection)
    return uploads


async def read_form(request: Request) -> list[Upload]:
    """Read the parts `file` of a form."""
    try:
        async with request.form(max_files=MAX_FILES, max_fields=MAX_FILES) as form:
            files = [part for part in form.getlist("file") if isinstance(part, UploadFile)]
            if not files:
                raise Problem(422, "Invalid request", f"The form has no file under the name `file`. {HOW}")
            return [Upload(file.filename, file.content_type, await file.read()) for file in files]
    except ValueError as error:  # decoding its names in the charset that it declares
        raise Problem(422, "Invalid request", f"The form cannot be read: {error}. {HOW}") from error


def refuse_other_types(content_type: str | None, *, fault_injection: bool) -> None:
    """Refuse what is declared to be no image; an undeclared type is judged by its bytes."""
    declared = content_type or UNDECLARED
    if fault_injection and declared.startswith(FAULT):
        raise InjectedFault(declared)
    if declared != UNDECLARED and not declared.startswith("image/"):
        raise Problem(415, "Unsupported Media Type", f"The file is {declared!r}. {HOW}")
