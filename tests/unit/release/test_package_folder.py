"""A slot's package is replaced in one step, and what it served before is kept."""

import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from inference.identity import identify, unchanged
from inference.manifest import BadModelPackage
from release import package_folder
from release.package_files import files_of, verify_files
from release.package_folder import CannotReplace, PackageFolder, history
from tests.lineages import add_lineage
from tests.whole_package import write_whole_package

PROJECT = Path(__file__).parents[3]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A slot's folder as people write it: plain files."""
    write_whole_package(tmp_path / "production", "1")
    return tmp_path / "production"


@pytest.fixture
def packages(folder: Path) -> Iterator[PackageFolder]:
    packages = PackageFolder(folder)
    with packages.locked():
        yield packages


WEIGHTS = "artifacts/weights.safetensors"


def candidate(folder: Path, version: str, *, name: str = "small", weights: str = WEIGHTS) -> tuple[Path, str]:
    place = folder.parent / f"candidate-{version}"
    return place, write_whole_package(place, version, name=name, weights=weights)


def replace_by(packages: PackageFolder, version: str, *, name: str = "small", weights: str = WEIGHTS) -> str:
    source, sha256 = candidate(packages.folder, version, name=name, weights=weights)
    packages.take(source, sha256)
    packages.serve(sha256)
    return sha256


def look(folder: Path) -> str:
    """Read a package as a server does, and return its version."""
    with unchanged(folder) as identity:
        verify_files(folder, identity.manifest)
        assert identity.manifest.version in (folder / "network.py").read_text()
    return identity.manifest.version


def entries(folder: Path) -> dict[str, bytes]:
    """Return all files of a folder, with what the slot reads of each."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and package_folder.STORE not in path.parts
    }


def test_the_candidates_package_is_served_byte_for_byte(packages: PackageFolder) -> None:
    """So its checksum, under which it was judged and its samples are kept, stays its own."""
    source, sha256 = candidate(packages.folder, "2")
    packages.take(source, sha256)
    assert look(packages.folder) == "1"
    packages.serve(sha256)
    assert look(packages.folder) == "2"
    assert identify(packages.folder).sha256 == sha256
    assert entries(packages.folder) == entries(source)


def test_other_file_names_and_other_models_are_served_too(packages: PackageFolder) -> None:
    """Names that only the old package has are gone once it is pruned around, and come back with it."""
    first = packages.served().sha256
    replace_by(packages, "2", name="other", weights="weights.bin")
    packages.prune(5)
    names = set(entries(packages.folder))
    assert "weights.bin" in names
    assert "artifacts/weights.safetensors" not in names
    packages.serve(first)
    packages.prune(5)
    assert look(packages.folder) == "1"
    assert "weights.bin" not in set(entries(packages.folder))


def test_no_link_leads_out_of_the_folder(packages: PackageFolder, tmp_path: Path) -> None:
    """Containers mount the folder alone, each at a place of its own."""
    replace_by(packages, "2")
    moved = tmp_path / "elsewhere"
    packages.folder.rename(moved)
    assert look(moved) == "2"


def test_whoever_runs_the_servers_can_read_it(folder: Path) -> None:
    """Whatever this program's umask is, as they are another user's."""
    before = os.umask(0o077)
    try:
        packages = PackageFolder(folder)
        with packages.locked():
            replace_by(packages, "2")
    finally:
        os.umask(before)
    store = folder / package_folder.STORE
    for path in (store, *store.rglob("*")):
        if not path.is_symlink() and path.name not in {".lock", ".gitignore"}:
            needed = 0o555 if path.is_dir() else 0o444
            assert path.stat().st_mode & needed == needed, path


def test_what_was_served_last_is_the_way_back(packages: PackageFolder) -> None:
    """Back and forth between the last two; older ones by their checksum."""
    first = packages.served().sha256
    assert packages.previous() is None
    second, third = replace_by(packages, "2"), replace_by(packages, "3")
    assert packages.previous() == second
    packages.serve(second)
    assert packages.previous() == third
    packages.serve(third)
    assert packages.previous() == second
    packages.serve(first)
    assert [one.sha256 for one in packages.kept()] == [first, third, second]


def test_older_packages_are_pruned(packages: PackageFolder) -> None:
    """Those served last stay, the one that is served among them, and nothing else."""
    versions = [replace_by(packages, str(version)) for version in range(2, 8)]
    unserved, sha256 = candidate(packages.folder, "9")
    packages.take(unserved, sha256)
    packages.prune(3)
    assert [one.sha256 for one in packages.kept()] == versions[:-4:-1]
    store = packages.folder / package_folder.STORE
    assert sum(1 for one in store.iterdir() if one.is_dir() and not one.is_symlink()) == 3
    assert sum(1 for one in store.iterdir() if one.is_symlink()) == 4
    assert look(packages.folder) == "7"


def test_going_back_and_forth_leaves_no_trail(packages: PackageFolder) -> None:
    """Of each package that stays one number does, and with it the order."""
    first, second = packages.served().sha256, replace_by(packages, "2")
    for sha256 in (first, second, first):
        packages.serve(sha256)
    packages.prune(5)
    store = packages.folder / package_folder.STORE
    links = {one.name: one.readlink().name for one in store.iterdir() if one.is_symlink()}
    assert links == {"4": second, "5": first, package_folder.CURRENT: "5"}


def test_pruning_never_removes_what_is_served(packages: PackageFolder) -> None:
    """Also where somebody has changed it in its place, so that it no longer is what its name says."""
    replace_by(packages, "2")
    with (packages.folder / "network.py").open("a") as network:
        network.write("# '2' with a change\n")
    packages.prune(1)
    assert look(packages.folder) == "2"


def test_a_hand_edit_is_a_package_of_its_own(packages: PackageFolder) -> None:
    """Whether the editor wrote through the link or put a file in its place, it can be rolled back to."""
    replace_by(packages, "2")
    manifest = packages.folder / "model.toml"
    edited = manifest.read_text().replace('version = "2"', 'version = "2-by-hand"')
    manifest.unlink()
    manifest.write_text(edited)
    by_hand = packages.served().sha256
    replace_by(packages, "3")
    assert packages.previous() == by_hand
    with (packages.folder / "network.py").open("a") as network:
        network.write("# '3' by hand\n")
    changed = packages.served().sha256
    packages.serve(by_hand)
    assert packages.served().manifest.version == "2-by-hand"
    assert packages.previous() == changed


def test_a_kept_package_that_somebody_damaged_is_refused(packages: PackageFolder) -> None:
    """It is not served, whether its small files or its weights were changed."""
    first = packages.served().sha256
    second = replace_by(packages, "2")
    store = packages.folder / package_folder.STORE
    (store / first / "artifacts/weights.safetensors").write_bytes(b"x")
    with pytest.raises(BadModelPackage, match="does not have the checksum"):
        packages.serve(first)
    (store / first / "network.py").write_text("")
    with pytest.raises(CannotReplace, match="is not kept; those kept: " + second[:12]):
        packages.serve(first)
    assert look(packages.folder) == "2"


def test_another_package_than_the_one_that_was_judged_is_refused(packages: PackageFolder) -> None:
    """The candidate's folder may have been changed since."""
    source, judged = candidate(packages.folder, "2")
    write_whole_package(source, "3")
    with pytest.raises(CannotReplace, match="by now, not " + judged[:12]):
        packages.take(source, judged)
    assert look(packages.folder) == "1"


@pytest.mark.parametrize("name", ["artifacts/weights.safetensors", "artifacts/reference.safetensors"])
@pytest.mark.parametrize("gone", [False, True])
def test_a_candidate_that_is_not_whole_is_refused(packages: PackageFolder, name: str, gone: bool) -> None:
    """Nothing changes, and its half copy goes with the next pruning."""
    source, sha256 = candidate(packages.folder, "2")
    (source / name).unlink() if gone else (source / name).write_bytes(b"half")
    with pytest.raises(BadModelPackage, match="does not exist" if gone else "does not have the checksum"):
        packages.take(source, sha256)
    packages.prune(5)
    assert not list((packages.folder / package_folder.STORE).glob("*.part"))
    assert look(packages.folder) == "1"


def test_what_is_pruned_while_somebody_looks_is_not_kept(
    packages: PackageFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A listing takes no lock."""
    first = packages.served().sha256
    second = replace_by(packages, "2")
    readlink = Path.readlink

    def prune_then_read(path: Path) -> Path:
        if path.name == "1":
            path.unlink(missing_ok=True)
        return readlink(path)

    monkeypatch.setattr(Path, "readlink", prune_then_read)
    assert first != second
    assert [one.sha256 for one in PackageFolder(packages.folder).kept()] == [second]


def test_the_served_package_may_be_taken_again(packages: PackageFolder, tmp_path: Path) -> None:
    """From the slot's own folder or from elsewhere, also while it is plain files yet."""
    sha256 = write_whole_package(tmp_path / "same", "1")
    for source in (packages.folder, tmp_path / "same"):
        packages.take(source, sha256)
        packages.serve(sha256)
        assert look(packages.folder) == "1"


def test_a_lineage_goes_with_its_package_and_is_verified(packages: PackageFolder) -> None:
    """It is one of its files, and has a checksum as they have; a package that has none leaves none behind."""
    source, _ = candidate(packages.folder, "2")
    sha256 = add_lineage(source)
    packages.take(source, sha256)
    packages.serve(sha256)
    assert entries(packages.folder) == entries(source)
    assert "artifacts/lineage.json" in entries(source)
    kept = packages.folder / package_folder.STORE / sha256 / "artifacts/lineage.json"
    content = kept.read_bytes()
    kept.write_bytes(content[:-2])
    with pytest.raises(BadModelPackage, match=r"lineage\.json does not have the checksum"):
        packages.serve(sha256)
    kept.write_bytes(content)
    replace_by(packages, "3")
    packages.prune(1)
    assert not (packages.folder / "artifacts/lineage.json").is_symlink()


def test_a_file_that_is_in_the_way_is_not_lost(packages: PackageFolder) -> None:
    """Somebody's file of a name that the new package needs: they move it."""
    (packages.folder / "weights.bin").write_text("mine")
    source, sha256 = candidate(packages.folder, "2", weights="weights.bin")
    packages.take(source, sha256)
    with pytest.raises(CannotReplace, match=r"weights.bin is no part of the package .* move it away"):
        packages.serve(sha256)
    assert look(packages.folder) == "1"
    assert (packages.folder / "weights.bin").read_text() == "mine"


def test_without_room_nothing_is_copied(packages: PackageFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The room for both copies is asked for before the first; the error says how much is needed."""
    source, sha256 = candidate(packages.folder, "2")
    before = sorted(packages.folder.rglob("*"))
    monkeypatch.setattr(package_folder, "free_bytes", lambda _: 1_000_000)
    with pytest.raises(CannotReplace, match="no room for another package: 17 MB are needed, 1 MB are free"):
        packages.take(source, sha256)
    assert sorted(packages.folder.rglob("*")) == before
    monkeypatch.setattr(package_folder, "free_bytes", lambda _: package_folder.SPARE_BYTES + 15_000)
    with pytest.raises(CannotReplace):
        packages.take(source, sha256)


def test_a_disk_that_fills_meanwhile_changes_nothing(packages: PackageFolder) -> None:
    """The half copy is removed, and the reason said."""
    source, sha256 = candidate(packages.folder, "2")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, limits[1]))
    try:
        with pytest.raises(CannotReplace, match=r"cannot be copied to .*: File too large"):
            packages.take(source, sha256)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)
    assert look(packages.folder) == "1"
    assert not list((packages.folder / package_folder.STORE).glob("*.part"))


def test_one_program_replaces_at_a_time(packages: PackageFolder) -> None:
    """Another one is told so; a program that ends lets go."""
    code = "import sys, pathlib; from release.package_folder import PackageFolder\n"
    code += "with PackageFolder(pathlib.Path(sys.argv[1])).locked(): pass"
    command = [sys.executable, "-c", code, str(packages.folder)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert "another program is replacing this package" in done.stderr


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """Before anything is tried."""
    (tmp_path / package_folder.STORE).touch()
    with pytest.raises(CannotReplace, match="cannot be written: "), PackageFolder(tmp_path).locked():
        pass


def test_a_lock_ends_with_its_block(folder: Path) -> None:
    """The next one gets it."""
    for _ in range(2):
        with PackageFolder(folder).locked():
            pass


def test_all_is_on_the_disk_before_a_link_leads_to_it(
    packages: PackageFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut after the replacement finds whole files: each one and each folder was synced before."""
    source, sha256 = candidate(packages.folder, "2")
    synced: set[int] = set()
    before: list[set[int]] = []
    fsync, rename = os.fsync, Path.replace

    def note_sync(descriptor: int) -> None:
        fsync(descriptor)
        synced.add(os.fstat(descriptor).st_ino)

    def note_replace(path: Path, target: Path) -> Path:
        if target.name == package_folder.CURRENT:
            before.append(set(synced))
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(Path, "replace", note_replace)
    packages.take(source, sha256)
    packages.serve(sha256)
    store = packages.folder / package_folder.STORE
    below = [store, store / sha256, *(store / sha256).rglob("*")]
    assert {path.stat().st_ino for path in below} <= before[-1]
    assert len(before) == 2  # the first time, what was served already


def test_sixty_megabytes_take_seconds(folder: Path, tmp_path: Path) -> None:
    """A promotion copies both packages the first time; a rollback copies none."""
    write_whole_package(folder, "1", size=60_000_000)
    first, packages = identify(folder).sha256, PackageFolder(folder)
    sha256 = write_whole_package(tmp_path / "large", "2", size=60_000_000)
    started = time.monotonic()
    with packages.locked():
        packages.take(tmp_path / "large", sha256)
        packages.serve(sha256)
        promoted = time.monotonic()
        packages.serve(first)
    assert time.monotonic() - promoted < 5
    assert promoted - started < 10


def test_git_is_not_shown_what_is_kept(packages: PackageFolder) -> None:
    """The folder is in a clone of the project."""
    assert (packages.folder / package_folder.STORE / ".gitignore").read_text() == "*\n"


def test_a_checksum_in_the_manifest_itself_is_no_file(packages: PackageFolder) -> None:
    """Digits are copied with model.toml."""
    source, _ = candidate(packages.folder, "2")
    digits = (source / "artifacts/weights.sha256").read_text().split()[0]
    text = (source / "model.toml").read_text()
    (source / "model.toml").write_text(text.replace('"artifacts/weights.sha256"', f'"{digits}"'))
    sha256 = identify(source).sha256
    packages.take(source, sha256)
    packages.serve(sha256)
    assert look(packages.folder) == "2"
    assert "artifacts/weights.sha256" not in files_of(packages.served().manifest)


def test_a_package_may_not_lie_where_packages_are_kept(packages: PackageFolder) -> None:
    """It would be removed with the older ones."""
    source, _ = candidate(packages.folder, "2")
    shutil.copytree(source / "artifacts", source / package_folder.STORE)
    text = (source / "model.toml").read_text()
    (source / "model.toml").write_text(re.sub("artifacts/", f"{package_folder.STORE}/", text))
    with pytest.raises(CannotReplace, match="where packages are kept"):
        packages.take(source, identify(source).sha256)


def test_history_has_each_package_once() -> None:
    """The last served first; what is numbered above the current one was never served."""
    assert history({1: "a", 2: "b", 3: "a", 4: "c", 5: "d"}, 4) == ("c", "a", "b")
    assert history({1: "a"}, 0) == ()


def test_neither_torch_nor_numpy_is_needed() -> None:
    """The controller is a small program."""
    code = (
        "import sys, release.promotion; print(sorted({'torch', 'numpy', 'safetensors'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
