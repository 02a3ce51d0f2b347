"""Names for tags and files: none that a tool could take for an option, a pattern or a way out."""

import re
from collections.abc import Iterable

from retraining.repository.error import RepositoryError

TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}")
DATA = ("shards", "golden", "models")
FOLDER = re.compile(r"shards|golden|models/[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
POINTER = ".dvc"  # how the names of the small files end that DVC writes for git
# git refuses the second and third in a tag; with the first a folder would have the name of another's pointer.
NO_ENDS = (POINTER, ".lock", ".")


def check_tag(tag: str) -> None:
    """Refuse what is no name of a version."""
    if not TAG.fullmatch(tag) or ".." in tag or tag.endswith(NO_ENDS):
        raise RepositoryError(
            f"{tag!r} is no tag: take 1 to 100 of A-Z a-z 0-9 . _ - that begin with a letter or digit,"
            " with no '..', and no '.', '.lock' or '.dvc' at the end."
        )


def check_folder(folder: str) -> None:
    """Refuse a folder of data that DVC does not keep here."""
    if not FOLDER.fullmatch(folder) or ".." in folder or folder.endswith(NO_ENDS):
        raise RepositoryError(
            f"{folder!r} is no folder of data: there are shards, golden and models/VERSION."
        )


def check_files(paths: Iterable[str]) -> None:
    """Refuse paths that are not plainly below their folder."""
    for path in paths:
        if not all(PART.fullmatch(part) for part in path.split("/")) or path.endswith(POINTER):
            raise RepositoryError(
                f"{path!r} is no file's name here: take A-Z a-z 0-9 . _ - in each part, which begins with a"
                " letter, a digit or _; '.dvc' at the end is DVC's."
            )


def check_plain(paths: Iterable[str]) -> None:
    """Refuse small files of git's that would lie among DVC's data."""
    check_files(paths)
    for path in paths:
        if path.split("/")[0] in DATA:
            raise RepositoryError(f"{path!r} lies among the data that DVC keeps: give it another name.")
