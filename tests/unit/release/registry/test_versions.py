"""Versions are packages, known by their checksums, wherever they lie."""

from datetime import timedelta
from pathlib import Path

import pytest

from inference.identity import identify
from release.package_folder import STORE, PackageFolder
from release.registry.versions import AmbiguousVersion, Registry, UnknownVersion, Version, Where
from service.slots import CANDIDATE, STABLE
from tests.lineages import CREATED, a_lineage, add_lineage
from tests.whole_package import write_whole_package


class Place:
    """Two slots with version 1 and 2, and a registry's folder."""

    def __init__(self, folder: Path) -> None:
        self.models = folder / "models"
        self.stable, self.candidate = folder / STABLE, folder / CANDIDATE
        self.first = write_whole_package(self.stable, "1")
        self.second = write_whole_package(self.candidate, "2")
        self.slots = {STABLE: PackageFolder(self.stable), CANDIDATE: PackageFolder(self.candidate)}
        self.production = STABLE
        self.registry = Registry(self.models, self.slots, lambda: self.production)

    def add(self, version: str, folder: str = "", *, after_hours: int = 0, name: str = "small") -> str:
        """Put a package with a lineage into the registry's folder."""
        place = self.models / (folder or version)
        write_whole_package(place, version, name=name)
        return add_lineage(place, created_at=CREATED + timedelta(hours=after_hours))

    def look(self) -> dict[str, tuple[str, ...]]:
        """Return where each version is, the newest first."""
        return {one.package.version: one.where for one in self.registry.versions()}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_what_the_slots_serve_are_versions(place: Place) -> None:
    """Though there is no registry's folder, or none is known."""
    known = {"1": ("production",), "2": ("candidate",)}
    assert place.look() == known
    place.registry = Registry(None, place.slots, lambda: STABLE)
    assert place.look() == known


def test_production_is_the_slot_that_people_count_on(place: Place) -> None:
    """Blue/green swaps which that is."""
    place.production = CANDIDATE
    assert place.look() == {"1": ("candidate",), "2": ("production",)}


def test_the_newest_comes_first_and_what_does_not_say_when_at_last(place: Place) -> None:
    """By its lineage, not by its folder's name or time."""
    place.add("b", "1-old", after_hours=1)
    place.add("a", "2-new", after_hours=2)
    place.add("c", "0-oldest")
    assert list(place.look()) == ["a", "b", "c", "1", "2"]


def test_a_version_has_its_lineage(place: Place) -> None:
    """And the folder that it is taken from."""
    sha256 = place.add("3")
    found = place.registry.find(sha256)
    assert found.lineage == a_lineage(place.models / "3")
    assert (found.created_at, found.folders) == (CREATED, (place.models / "3",))
    assert found.where == (Where.ARCHIVE,)


def test_one_package_in_many_places_is_one_version(place: Place) -> None:
    """In the registry's folder, in both slots, and kept there."""
    sha256 = place.add("3")
    for packages in place.slots.values():
        with packages.locked():
            packages.take(place.models / "3", sha256)
            packages.serve(sha256)
    found = place.registry.find(sha256)
    assert found.where == ("production", "candidate")
    assert found.folders == (
        place.models / "3",
        place.stable,
        place.stable / STORE / sha256,
        place.candidate,
        place.candidate / STORE / sha256,
    )
    assert place.look() == {"3": ("production", "candidate"), "1": ("archive",), "2": ("archive",)}


@pytest.mark.parametrize("gone", ["artifacts/weights.safetensors", "artifacts/lineage.json", "network.py"])
def test_what_is_not_whole_is_none(place: Place, gone: str, caplog: pytest.LogCaptureFixture) -> None:
    """It is copied yet, or damaged; the log says why, once."""
    place.add("3")
    place.add("4", ".hidden")
    place.add("5", "five.part")
    (place.models / "3" / gone).unlink()
    (place.models / "notes.txt").write_text("of no package")
    (place.models / "empty").mkdir()
    for _ in range(2):
        assert place.look() == {"1": ("production",), "2": ("candidate",)}
    assert [Path(one.folder).name for one in caplog.records] == ["3", "empty"]  # type: ignore[attr-defined]


def test_a_slot_whose_package_is_damaged_does_not_hide_the_other(place: Place) -> None:
    """Nor the registry's."""
    place.add("3")
    (place.candidate / "model.toml").write_text("name =")
    assert place.look() == {"3": ("archive",), "1": ("production",)}


def test_a_registry_that_cannot_be_read_holds_nothing(place: Place) -> None:
    """The slots' packages are versions all the same."""
    place.models.write_text("no folder")
    assert place.look() == {"1": ("production",), "2": ("candidate",)}


def named(place: Place, asked: str) -> Version:
    return place.registry.find(asked)


def test_a_version_is_found_by_its_names(place: Place) -> None:
    """Its checksum, 8 or more first digits of it, or model and version."""
    for asked in (place.second, place.second[:8], "small:2"):
        assert named(place, asked).package.sha256 == place.second


@pytest.mark.parametrize("asked", ["7digits", "small", "small:9", "2", "f" * 64, "", "../models/3"])
def test_another_name_is_nobodys(place: Place, asked: str) -> None:
    """The answer says how a version is called, and which there are."""
    with pytest.raises(UnknownVersion, match=rf"8 digits .* known: small 1 \({place.first[:12]}\), small 2"):
        named(place, asked)
    with pytest.raises(UnknownVersion):
        named(place, place.second[:7])


def test_a_name_of_several_is_refused(place: Place) -> None:
    """Two packages may have one model and version; their checksums tell them apart."""
    sha256 = place.add("2", "again")
    with pytest.raises(AmbiguousVersion, match=f"{sha256[:12]}.*{place.second[:12]}"):
        named(place, "small:2")
    assert named(place, sha256[:8]).package.sha256 == sha256


def test_nothing_is_written(place: Place) -> None:
    """A listing changes neither a slot's folder nor the registry's, which may be read-only."""
    place.add("3")
    before = sorted(place.models.parent.rglob("*"))
    place.look()
    assert sorted(place.models.parent.rglob("*")) == before
    assert identify(place.stable).sha256 == place.first
