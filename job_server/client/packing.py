"""What is sent of the files that somebody names: one that holds inputs as it is, all else in a zip."""

import tempfile
import zipfile
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
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
    """Return each file once with its name in a zip: folders whole, without what is hidden or a link in them.

    Raises:
        NothingToSend: a path is not there, or no file is.
    """
    found: dict[str, Path] = {}
    for path in dict.fromkeys(paths):
        if path.is_dir():
            inside = [(one, one.relative_to(path)) for one in sorted(path.rglob("*")) if _is_sent(one, path)]
            named = [
                (one, name if len(paths) == 1 else Path(path.resolve().name, name)) for one, name in inside
            ]
        elif path.is_file():
            named = [(path, Path(path.name))]
        else:
            raise NothingToSend(f"{path}: there is no such file or folder.")
        for one, name in named:
            found[_unused(name.as_posix(), found)] = one
    if not found:
        raise NothingToSend(f"{', '.join(map(str, paths))}: there is no file in it.")
    return [(path, name) for name, path in found.items()]


def _is_sent(path: Path, folder: Path) -> bool:
    """Tell whether a file of a folder is handed in; a link may lead to what nobody meant to send."""
    is_hidden = any(one.startswith(".") for one in path.relative_to(folder).parts)
    return not is_hidden and not path.is_symlink() and path.is_file()


def _unused(name: str, used: Collection[str]) -> str:
    """Return the name as a zip can hold it, with a number behind where another file has it."""
    name = name.encode("utf-8", "replace").decode()
    stem, dot, ending = name.rpartition(".")
    numbered = (f"{stem or ending}-{number}{dot}{ending if stem else ''}" for number in count(2))
    return name if name not in used else next(one for one in numbered if one not in used)


@contextmanager
def packed(paths: Sequence[Path], tell: Callable[[int, int], None]) -> Iterator[Body]:
    """Give the body of these files; `tell` hears how many of how many are packed.

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
            with zipfile.ZipFile(
                file, "w", strict_timestamps=False
            ) as archive:  # stored: images are compressed already
                for number, (path, name) in enumerate(files, 1):
                    archive.write(path, name)
                    tell(number, len(files))
            size = file.tell()
            file.seek(0)
            yield Body(file, size, TYPES[".zip"])
    except OSError as error:
        raise NothingToSend(f"{error.filename or 'a temporary file'}: {error.strerror}.") from error
