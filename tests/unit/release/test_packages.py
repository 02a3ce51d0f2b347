"""A release's packages: what each slot's folder holds, and what a rollback brings back."""

from dataclasses import replace
from pathlib import Path

import pytest

from inference.identity import identify
from release.controller import Refused
from release.lifecycle import Release
from release.package_folder import PackageFolder
from release.packages import SlotPackages, package_in
from release.promotion import ServedPackage
from tests.unit.release.made_up import a_release
from tests.unit.release.test_promotion import FakeSlot, MemoryJournal
from tests.whole_package import write_whole_package


class Scene:
    """Two slots' folders, and a release of what they hold at first."""

    def __init__(self, folder: Path) -> None:
        self.stable, self.candidate = folder / "stable", folder / "candidate"
        write_whole_package(self.stable, "1")
        write_whole_package(self.candidate, "2", name="other")
        self.release = a_release(stable=package_in(self.stable), candidate=package_in(self.candidate))
        self.slot = FakeSlot(self.stable)
        self.journal = MemoryJournal()
        self.packages = self.started()

    def started(self) -> SlotPackages:
        """Start the program anew."""
        production = ServedPackage(PackageFolder(self.stable), self.slot.reload, self.journal)
        return SlotPackages(production, self.candidate, self._current)

    async def _current(self) -> tuple[Release, object] | None:
        return self.release, None


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


async def test_a_package_that_somebody_replaces_is_named_with_its_place(scene: Scene) -> None:
    """In either slot, with what is to be there."""
    assert await scene.packages.other(scene.release) == ""
    third = write_whole_package(scene.stable, "3")
    assert await scene.packages.other(scene.release) == (
        f"model_server's folder holds small 3 ({third[:12]}) in place of "
        f"small 1 ({scene.release.stable.sha256[:12]}): put that back, or abort the release and start it anew"
    )
    (scene.candidate / "model.toml").unlink()
    both = await scene.packages.other(scene.release)
    assert "; model_server_new's folder holds no package that could be served: " in both


async def test_a_rollback_brings_back_what_the_promotion_replaced(scene: Scene) -> None:
    """Which somebody had put there while the release ran; the release's own is not kept."""
    third = write_whole_package(scene.stable, "3")
    await scene.packages.promote(scene.release)
    await scene.packages.roll_back(scene.release)
    assert set(scene.slot.served.values()) == {third} == {identify(scene.stable).sha256}
    await scene.started().roll_back(scene.release)  # killed before it was noted
    assert identify(scene.stable).sha256 == third


async def test_a_rollback_that_was_refused_can_be_repeated(scene: Scene) -> None:
    """Once the slot takes the package."""
    third = write_whole_package(scene.stable, "3")
    await scene.packages.promote(scene.release)
    scene.slot.refuses.add(third)
    with pytest.raises(Refused, match="it serves its own again"):
        await scene.packages.roll_back(scene.release)
    assert identify(scene.stable).manifest.version == "2"
    scene.slot.refuses.clear()
    await scene.packages.roll_back(scene.release)
    assert identify(scene.stable).sha256 == third


async def test_a_release_of_the_stable_slots_own_package_leaves_it(scene: Scene) -> None:
    """What was served before that one is none of the release's."""
    await scene.packages.promote(scene.release)
    promoted = scene.release.candidate
    again = replace(scene.release, stable=promoted)
    await scene.packages.promote(again)
    await scene.packages.roll_back(again)
    assert identify(scene.stable).sha256 == promoted.sha256


async def test_without_a_journal_a_rollback_brings_back_the_releases_own(scene: Scene) -> None:
    """The folder keeps it."""
    await scene.packages.promote(scene.release)
    scene.journal.last = None
    await scene.packages.roll_back(scene.release)
    assert identify(scene.stable).sha256 == scene.release.stable.sha256
