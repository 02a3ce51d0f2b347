"""The inputs of a job, whatever form they are handed in."""

import io
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from inference.manifest import Manifest
from job_server.inputs.archive import read_archive
from job_server.inputs.form import read_form
from job_server.inputs.images import read_image
from job_server.inputs.job_input import InputLimits, JobInput, WrongInputs
from job_server.inputs.json_lines import read_json_lines
from job_server.inputs.kinds import BEGINNING_BYTES, FORM, UNDECLARED, Kind, declared_kind, read_type
from job_server.inputs.names import clean
from job_server.inputs.reading import Reading
from job_server.inputs.region import Region
from job_server.inputs.table import read_table
from job_server.inputs.tensors import read_tensors


def read_inputs(
    file: Path, content_type: str, manifest: Manifest, limits: InputLimits, filename: str | None = None
) -> Iterator[JobInput]:
    """Yield the inputs of a request's body, in their order; of the body little is in memory at a time.

    Raises:
        WrongInputs: the whole job is refused, which may be found behind inputs that were yielded already.
    """
    reading = Reading(manifest, limits)
    with file.open("rb") as body:
        region = Region(body.fileno(), 0, file.stat().st_size)
        yield from check_count(read_body(region, content_type, clean(filename or ""), reading), reading)


def check_count(inputs: Iterator[JobInput], reading: Reading) -> Iterator[JobInput]:
    """Yield the inputs; WrongInputs when there are too many, none, or a single one that is no image."""
    first = next(inputs, None)
    if first is None:
        raise WrongInputs(f"There are no inputs. {reading.what_to_send}")
    second = next(inputs, None)
    if second is None and first.error is not None and reading.manifest.input == "image":
        raise WrongInputs(f"{first.filename}: {first.error}")
    most = reading.limits.inputs
    for number, one in enumerate(chain([first], [] if second is None else [second], inputs), start=1):
        if number > most:
            raise WrongInputs(f"There are more than {most} inputs. Send them as several jobs.", 413)
        yield one


def read_body(region: Region, content_type: str, filename: str, reading: Reading) -> Iterator[JobInput]:
    """Yield the inputs of a body, or of each file of a form."""
    if read_type(content_type) != FORM:
        if not content_type.strip():
            raise WrongInputs(f"The body declares no content type. {reading.what_to_send}", 415)
        yield from read_file(region, content_type, filename, reading)
        return
    for part in read_form(region, content_type, reading):
        yield from read_file(part.region, part.content_type or UNDECLARED, part.filename, reading)


def read_file(region: Region, content_type: str, filename: str, reading: Reading) -> Iterator[JobInput]:
    """Yield the inputs of one file."""
    kind = declared_kind(content_type, filename, region.at(0, BEGINNING_BYTES), reading)
    if kind is Kind.ARCHIVE:
        yield from read_archive(region, reading)
    elif kind is Kind.TENSORS:
        yield from read_tensors(region, reading)
    elif kind is Kind.IMAGE:
        yield read_image(io.BufferedReader(region), filename, reading)
    elif kind is Kind.TABLE:
        yield from read_table(io.BufferedReader(region), reading)
    else:
        yield from read_json_lines(io.BufferedReader(region), reading)
