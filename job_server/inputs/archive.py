"""The files of a zip, unpacked one after the other in memory, each as far as an input may be large."""

import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import IO, cast

from job_server.inputs.directory import BROKEN, open_zip, overlapping
from job_server.inputs.images import UNNAMED, read_image
from job_server.inputs.job_input import JobInput
from job_server.inputs.json_lines import read_json_lines
from job_server.inputs.kinds import BEGINNING_BYTES, Kind, sniffed_kind
from job_server.inputs.names import clean
from job_server.inputs.reading import Reading
from job_server.inputs.region import Region
from job_server.inputs.table import read_table

ENCRYPTED = 1
# bzip2 and LZMA take as much memory as a stranger's file says.
METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}


def read_archive(region: Region, reading: Reading) -> Iterator[JobInput]:
    """Yield the inputs of all files in the zip; a file that cannot be read has its own error.

    Raises:
        WrongInputs: it is no zip, holds more than a job may, or a table in it has no header.
    """
    with open_zip(region, reading) as archive:
        members = archive.infolist()
        overlaps = overlapping(members, archive.start_dir)
        for member in members:
            if not is_passed_over(member):
                yield from read_member(archive, member, overlaps, reading)


def is_passed_over(member: zipfile.ZipInfo) -> bool:
    """Tell whether it is a folder, or something that a program left there unasked."""
    parts = PurePosixPath(member.filename).parts
    is_folder = member.filename.endswith("/")  # zipfile's own question fails for a file without a name
    return is_folder or "__MACOSX" in parts or any(one.startswith(".") for one in parts[-1:])


def read_member(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, overlaps: set[int], reading: Reading
) -> Iterator[JobInput]:
    """Yield the inputs of one file in the zip, or its error."""
    name = clean(member.filename) or UNNAMED
    error = what_is_wrong(member, overlaps)
    if error is None:
        try:
            with archive.open(member) as file:
                yield from read_content(file, name, reading)
        except (*BROKEN, zlib.error):
            error = "The file is damaged in the zip. Pack it again."
    if error is not None:
        yield JobInput(name, None, None, error)


def what_is_wrong(member: zipfile.ZipInfo, overlaps: set[int]) -> str | None:
    """Return why a file is not to be unpacked, or None."""
    if member.flag_bits & ENCRYPTED:
        return "The file is encrypted. Send it without a password."
    if member.compress_type not in METHODS:
        return "The file is packed by a method that is not read. Pack it with deflate."
    if member.header_offset in overlaps:
        return "The file overlaps another one in the zip. Pack it again."
    return None


def read_content(file: IO[bytes], name: str, reading: Reading) -> Iterator[JobInput]:
    """Yield the inputs that a file holds; one that holds none of the model's is an error."""
    content: io.BufferedReader = io.BufferedReader(cast("io.RawIOBase", file))
    if reading.manifest.input == "image":
        yield read_image(content, name, reading)
        return
    kind = sniffed_kind(name, content.peek(BEGINNING_BYTES)[:BEGINNING_BYTES], reading)
    if kind is Kind.TABLE:
        yield from read_table(content, reading)
    elif kind is Kind.LINES:
        yield from read_json_lines(content, reading)
    else:
        yield JobInput(name, None, None, "The file is no table. In a zip send .csv or .jsonl files.")
