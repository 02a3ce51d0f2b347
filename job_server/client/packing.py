"""What is sent of the files that somebody names: one that holds inputs as it is, all else in a zip."""

import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

TYPES = {
    ".zip": "application/zip",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".jsonl": "application/x-ndjson",
    ".ndjson": "application/x-ndjson",
    ".json": "application/json",
}


class NothingToSend(Exception):
    """There is no file there that could be handed in."""


@dataclass(frozen=True)
class Body:
    """An open file, its size in bytes and its type."""

    file: IO[bytes]
    size: int
    content_type: str


def found_in(paths: Sequence[Path]) -> list[tuple[Path, str]]:
    """Return each file with its name in a zip: folders whole, without what is hidden in them.

    Raises:
        NothingToSend: a path is not there, or no file is.
    """
    found: dict[str, Path] = {}
    for path in paths:
        if path.is_dir():
            names = ((one, one.relative_to(path)) for one in sorted(path.rglob("*")) if one.is_file())
            visible = ((one, name) for one, name in names if not any(p.startswith(".") for p in name.parts))
            inside = (
                (one, Path(path.resolve().name, name) if len(paths) > 1 else name) for one, name in visible
            )
            found |= {name.as_posix(): one for one, name in inside}
        elif path.is_file():
            name = path.name if path.name not in found else path.as_posix().lstrip("/")
            found[name] = path
        else:
            raise NothingToSend(f"{path}: there is no such file or folder.")
    if not found:
        raise NothingToSend(f"{', '.join(map(str, paths))}: there is no file in it.")
    return [(path, name) for name, path in found.items()]


@contextmanager
def packed(paths: Sequence[Path], count: Callable[[int, int], None]) -> Iterator[Body]:
    """Give the body of these files; `count` hears how many of how many are packed.

    Raises:
        NothingToSend: as above, or a file cannot be read.
    """
    files = found_in(paths)
    try:
        if len(files) == 1 and (content_type := TYPES.get(files[0][0].suffix.lower())):
            with files[0][0].open("rb") as file:
                yield Body(file, files[0][0].stat().st_size, content_type)
            return
        with tempfile.TemporaryFile() as file:
            with zipfile.ZipFile(file, "w") as archive:  # stored: images are compressed already
                for number, (path, name) in enumerate(files, 1):
                    archive.write(path, name)
                    count(number, len(files))
            size = file.tell()
            file.seek(0)
            yield Body(file, size, TYPES[".zip"])
    except OSError as error:
        raise NothingToSend(f"{error.filename or 'a temporary file'}: {error.strerror}.") from error
