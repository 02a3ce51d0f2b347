"""What a drill changes in files, as it was before: kept until it is put back, also by the next drill."""

import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from examples.drills import candidate
from examples.traffic import StackError
from inference.manifest import FILE_NAME
from proxy.routing import Routing
from release.package_folder import STORE
from release.split_file import CannotRead, CannotWrite, SplitFile
from service import durable
from service.slots import CANDIDATE, STABLE

SPLIT = "default.conf"
PLAIN, WITHOUT_STORE = "stable-has-plain-files", "stable-has-no-store"
LEFT_IN_STORE = {".lock", ".gitignore"}  # the release program's, also before the first promotion


@dataclass(frozen=True)
class Places:
    """The split's file, the slots' package folders, and where a copy of what was there is kept."""

    split: Path
    stable: Path
    candidate: Path
    kept: Path


def keep(places: Places) -> None:
    """Keep a copy of all that a drill changes: whole, or not at all."""
    part = places.kept.with_name(places.kept.name + ".part")
    durable.remove(part)
    part.mkdir(parents=True)
    shutil.copy2(places.split, part / SPLIT)
    shutil.copy2(places.candidate / FILE_NAME, part / FILE_NAME, follow_symlinks=False)
    if not (places.stable / FILE_NAME).is_symlink():
        (part / PLAIN).touch()
    if not (places.stable / STORE).exists():
        (part / WITHOUT_STORE).touch()
    part.rename(places.kept)


def is_kept(places: Places) -> bool:
    """Tell whether a drill has not put back what it changed."""
    return places.kept.is_dir()


def give_all_to_stable(places: Places) -> None:
    """Let the split send the candidate nothing, so that nobody meets its package before its release.

    Raises:
        StackError: the split is not understood.
    """
    try:
        SplitFile(places.split).write(Routing({STABLE: 100, CANDIDATE: 0}))
    except (CannotRead, CannotWrite) as error:
        raise StackError(f"the split cannot be changed: {error}") from error


def put_back_candidate(places: Places) -> None:
    """Have the candidate's folder name its own package again."""
    _put(places.kept / FILE_NAME, places.candidate / FILE_NAME)


def put_back_rest(places: Places) -> None:
    """Put back the split and the stable slot's folder, once nobody needs the drill's package any more."""
    durable.remove(places.candidate / candidate.FOLDER)
    if (places.kept / PLAIN).exists():
        take_out_of_store(places.stable)
        if (places.kept / WITHOUT_STORE).exists():
            durable.remove(places.stable / STORE)
    _put(places.kept / SPLIT, places.split)
    durable.remove(places.kept)


def take_out_of_store(folder: Path) -> None:
    """Let a slot's folder hold the files of the package that it serves, as before the first promotion."""
    store = folder / STORE
    links = [one for one in folder.rglob("*") if one.is_symlink() and store not in one.parents]
    for link in links:
        if STORE in link.readlink().parts:
            _put(link.resolve(), link)
    for path in list(store.iterdir()) if store.is_dir() else []:
        if path.name not in LEFT_IN_STORE:
            durable.remove(path)
    with suppress(OSError):  # there is none, or somebody has put something into it
        (folder / candidate.FOLDER).rmdir()


def _put(source: Path, target: Path) -> None:
    """Copy a file, or a link, to a name that another has, from one instant to the next."""
    part = target.with_name(f".{target.name}.part")
    part.unlink(missing_ok=True)
    shutil.copy2(source, part, follow_symlinks=False)
    part.replace(target)
