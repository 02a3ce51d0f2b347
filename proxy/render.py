"""Render the files that people edit into those that nginx reads: replicas share their slot's weight.

    python -m proxy.render SPLIT FOLDER TARGET

looks at the file SPLIT and the *.conf files of FOLDER four times a second, and at the slots' replicas once.
Lines keep their numbers, so that nginx's complaint about a rendered file points into the edited one. TARGET
also gets the scripts that nginx's container runs, from beside this file. Standard library only.
"""

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from proxy import assignment, body_limit, fallbacks, waiting
from proxy.modes import parse_modes
from proxy.replicas import ReplicaCounts
from proxy.routing import checksum
from proxy.split import Split, parse, shared
from service.slots import SLOTS

LOOK_SECONDS = 0.25
MAIN_FILE = "nginx.conf"  # written last: where it is, all are there
SPLIT_FILE = "default.conf"
SCRIPTS = "start.sh", "reload_watcher.sh"
Rewrite = Callable[[str], str]
Rendering = Callable[["Look"], dict[str, str]]


@dataclass(frozen=True)
class Look:
    """The files' texts by name, and each slot's replicas, at one time."""

    files: Mapping[str, str]
    replicas: Mapping[str, int]


@dataclass(frozen=True)
class Source:
    """The split's file, whose folder other programs may write in, and the folder of all else of nginx's."""

    split: Path
    folder: Path

    def read(self) -> dict[str, str]:
        """Return the files' texts by name; raises OSError, also where there is no split."""
        return read_folder(self.folder) | {SPLIT_FILE: _read(self.split)}

    def path(self, name: str) -> Path:
        """Return where a person finds a file."""
        return self.split if name == SPLIT_FILE else self.folder / name


def source_of(project: Path) -> Source:
    """Return what a clone of this project has nginx read."""
    return Source(project / "nginx" / SPLIT_FILE, project / "proxy")


class WrongSplit(ValueError):
    """The split as edited is not rendered; the lines say what is wrong, and where."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("; ".join(lines))
        self.lines = list(lines)

    def placed(self, source: Source) -> list[str]:
        """Return the lines with the files' paths in place of their names."""
        return [placed(line, source) for line in self.lines]


def placed(line: str, source: Source) -> str:
    """Return a line that begins with a file's name with its path in the name's place."""
    name, rest = line.split(":", 1)
    return f"{source.path(name)}:{rest}"


def as_written(text: str) -> str:
    """Return the text: in its container nginx finds everything where the files say."""
    return text


def rendered(
    look: Look, rewrite: Rewrite = as_written, most_body_bytes: int = body_limit.DEFAULT_BYTES
) -> dict[str, str]:
    """Return the files that nginx reads; `rewrite` then fits each to the place where nginx runs.

    Raises WrongSplit where the split would cost requests an answer.
    """
    splits = _splits(look)
    if wrong := _faults(splits):
        raise WrongSplit(wrong)
    name, found = next((name, split) for name, split in splits.items() if split.live)
    modes = parse_modes(look.files[name])
    if wrong := [f"{name}:{one.line}: {one.why}" for one in assignment.faults(found, modes)]:
        raise WrongSplit(wrong)
    files = {name: shared(text, look.replicas) for name, text in look.files.items()} | {
        fallbacks.FILE: fallbacks.fallbacks(found),
        assignment.FILE: assignment.assignment(found, modes, checksum(look.files[name])),
        assignment.COPIES_FILE: assignment.copies(modes),
        body_limit.FILE: body_limit.body_limit(most_body_bytes),
        waiting.FILE: waiting.turns(),
    }
    return {name: rewrite(text) for name, text in files.items()}


def not_understood(look: Look) -> list[str]:
    """Return a line for whatever of the split is passed on as it is."""
    return [
        f"{name}:{one.line}: {one.why}"
        for name, split in _splits(look).items()
        for one in split.not_understood
    ]


def _splits(look: Look) -> dict[str, Split]:
    return {name: parse(text) for name, text in sorted(look.files.items())}


def _faults(splits: Mapping[str, Split]) -> list[str]:
    """Return what nginx would accept, and then answer 502 for."""
    if not any(split.servers or split.not_understood for split in splits.values()):
        return [f"{SPLIT_FILE}: there is no `upstream split` with a server for each slot"]
    unknown = [f"{name}:{one.line}: {one.why}" for name, split in splits.items() for one in split.faults]
    if not any(split.live for split in splits.values()):
        unknown.append(f"{SPLIT_FILE}: no slot would get a request; take `down` from one")
    return unknown


def read_folder(folder: Path) -> dict[str, str]:
    """Return the *.conf files, byte for byte: line ends stay, and so does what is not UTF-8."""
    paths = (
        path for path in folder.glob("*.conf") if path.name[0] != "."
    )  # an editor's own begin with a dot
    return {path.name: _read(path) for path in paths}


def _read(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "surrogateescape")


def write_folder(folder: Path, files: Mapping[str, str]) -> list[str]:
    """Let a folder have these *.conf files and no others; return the names of those that changed."""
    folder.mkdir(parents=True, exist_ok=True)
    before = read_folder(folder)
    changed = sorted(name for name in files if files[name] != before.get(name))
    for name in sorted(changed, key=lambda name: name == MAIN_FILE):
        _replace(folder / name, files[name].encode("utf-8", "surrogateescape"))
    gone = sorted(before.keys() - files.keys())
    for name in gone:
        (folder / name).unlink()
    return changed + gone


def copy_scripts(folder: Path) -> None:
    """Let a folder have what nginx's container runs."""
    for name in SCRIPTS:
        _replace(folder / name, Path(__file__).with_name(name).read_bytes())


def _replace(path: Path, data: bytes) -> None:
    draft = path.with_name(f"{path.name}.draft")
    draft.write_bytes(data)
    draft.replace(path)


def wait_for_the_next_look() -> None:
    """Let some time pass."""
    time.sleep(LOOK_SECONDS)


def keep_rendered(
    source: Source,
    target: Path,
    replicas: Callable[[], Mapping[str, int]],
    rendering: Rendering = rendered,
    pause: Callable[[], None] = wait_for_the_next_look,
) -> None:
    """Render whenever the files or the replicas have changed, for ever."""
    seen = done = None
    while True:
        look = _look(source, replicas)
        if look == seen and look != done:  # twice the same: no editor is half-way through
            done = look
            for line in [look] if isinstance(look, str) else _render(look, source, target, rendering):
                print(f"nginx_config: {line}", flush=True)
        seen = look
        pause()


def _look(source: Source, replicas: Callable[[], Mapping[str, int]]) -> Look | str:
    try:
        return Look(source.read(), replicas())
    except OSError as error:
        return str(error)


def _render(look: Look, source: Source, target: Path, rendering: Rendering) -> list[str]:
    """Render, and return what there is to say."""
    try:
        changed = write_folder(target, rendering(look))
    except WrongSplit as wrong:
        return [f"the edit is wrong, the old split stays in effect: {line}" for line in wrong.placed(source)]
    counts = ", ".join(f"{slot} {count}" for slot, count in look.replicas.items())
    done = [f"rendered {' '.join(changed)}; replicas: {counts}"] if changed else []
    return done + [f"not understood, left as it is: {placed(line, source)}" for line in not_understood(look)]


def main() -> None:
    """Render for nginx in its container."""
    split, folder, target = map(Path, sys.argv[1:])
    try:
        most_bytes = body_limit.parse_body_limit(os.environ.get(body_limit.VARIABLE, ""))
    except ValueError as error:
        sys.exit(f"nginx_config: {error}")
    copy_scripts(target)
    rendering = partial(rendered, most_body_bytes=most_bytes)
    with ReplicaCounts(SLOTS) as counts:
        keep_rendered(Source(split, folder), target, counts.latest, rendering)


if __name__ == "__main__":
    main()
