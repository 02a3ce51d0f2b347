"""A version becomes the candidate: in one step, between releases, and never by halves."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from inference.identity import identify
from release.controller import Controller, Refused
from release.lifecycle import CHANGING, OPEN, NotNow, Phase
from release.package_folder import PackageFolder
from release.promotion import Replacement, ServedPackage, Step
from release.registry.candidates import Candidates
from release.registry.versions import Registry, UnknownVersion
from release.split_file import SplitFile
from service.slots import CANDIDATE, STABLE
from tests.unit.release.made_up import NOW, a_release
from tests.unit.release.test_promotion import FakeSlot, MemoryJournal
from tests.unit.release.test_traffic import SHIPPED, FakeStore
from tests.whole_package import write_whole_package


class Scene:
    """Both slots, version 3 in the registry's folder, and a split in which the stable slot is production."""

    def __init__(self, folder: Path) -> None:
        self.stable, self.candidate, self.models = folder / "s", folder / "c", folder / "models"
        self.first = write_whole_package(self.stable, "1")
        self.second = write_whole_package(self.candidate, "2")
        self.third = write_whole_package(self.models / "3", "3")
        self.split = folder / "default.conf"
        self.split.write_text(SHIPPED)
        self.store = FakeStore()
        self.journal = MemoryJournal()
        self.slot = FakeSlot(self.candidate)
        self.candidates = self.started()

    def started(self) -> Candidates:
        """Start the program anew."""
        slots = {STABLE: PackageFolder(self.stable), CANDIDATE: PackageFolder(self.candidate)}
        split_file = SplitFile(self.split)
        return Candidates(
            controller=Controller(
                store=self.store,  # type: ignore[arg-type]
                split_file=split_file,
                in_effect=None,  # type: ignore[arg-type]
                packages=None,  # type: ignore[arg-type]
                judge=None,  # type: ignore[arg-type]
                announce=None,  # type: ignore[arg-type]
                now=lambda: NOW,
            ),
            store=self.store,  # type: ignore[arg-type]
            split_file=split_file,
            registry=Registry(self.models, slots, lambda: STABLE),
            slot=ServedPackage(slots[CANDIDATE], self.slot.reload, self.journal),
            now=lambda: NOW,
        )

    @property
    def served(self) -> tuple[str, set[str]]:
        """Return what the slot's folder holds, and what its replicas serve."""
        return identify(self.candidate).sha256, set(self.slot.served.values())

    @property
    def log(self) -> list[tuple[str, str, str]]:
        """Return what was decided, by whom and why."""
        return [(one.decision, one.who, one.why) for one in self.store.log]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


async def test_a_version_is_served_by_every_replica(scene: Scene) -> None:
    """One goes first. The order stands in the log; production keeps its own, and the archive the old one."""
    package = await scene.candidates.put("small:3", "ann", "new data")
    assert package.sha256 == scene.third
    assert scene.served == (scene.third, {scene.third})
    assert scene.slot.at_once == [False]
    assert scene.journal.steps == ["begun", "copied", "replaced", "done"]
    assert scene.log == [("candidate", "ann", f"small 3 ({scene.third[:12]}): new data")]
    assert identify(scene.stable).sha256 == scene.first
    assert [one.sha256 for one in PackageFolder(scene.candidate).kept()] == [scene.third, scene.second]


@pytest.mark.parametrize("which", ["first", "second"])
async def test_what_a_slot_serves_may_become_the_candidate(scene: Scene, which: str) -> None:
    """Production's own, and the candidate's own once more, though both are plain files yet."""
    sha256 = getattr(scene, which)
    await scene.candidates.put(sha256[:8], "ann", "")
    assert scene.served == (sha256, {sha256})


async def test_any_version_from_before_comes_back(scene: Scene) -> None:
    """Those that the slots keep."""
    await scene.candidates.put(scene.third, "ann", "")
    await scene.candidates.put(scene.second, "ann", "")
    assert scene.served == (scene.second, {scene.second})


async def test_a_refusal_brings_the_previous_candidate_back(scene: Scene) -> None:
    """Its reason stands in the answer and in the log."""
    scene.slot.refuses.add(scene.third)
    with pytest.raises(Refused, match=r"a:1: 400: it fails on a first batch.*it serves its own again"):
        await scene.candidates.put(scene.third, "ann", "")
    assert scene.served == (scene.second, {scene.second})
    assert [one[0] for one in scene.log] == ["candidate", "candidate_refused"]
    assert "it fails on a first batch" in scene.log[1][2]


async def test_a_version_that_is_damaged_changes_nothing(scene: Scene) -> None:
    """That its files have their checksums is seen now."""
    weights = scene.models / "3/artifacts/weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(Refused, match="does not have the checksum"):
        await scene.candidates.put(scene.third, "ann", "")
    assert (scene.served, scene.slot.asked) == ((scene.second, {scene.second}), [])


async def test_nothing_changes_for_a_version_that_nobody_knows(scene: Scene) -> None:
    """Nor stands in the log."""
    with pytest.raises(UnknownVersion):
        await scene.candidates.put("small:9", "ann", "")
    assert (scene.log, scene.journal.last) == ([], None)


@pytest.mark.parametrize("phase", sorted(OPEN | CHANGING))
async def test_a_release_keeps_the_candidate_that_it_began_with(scene: Scene, phase: Phase) -> None:
    """Also while it is paused: what comes after would be another package's numbers."""
    scene.store.release = a_release(phase=phase)
    with pytest.raises(NotNow, match=f"release r1 is {phase}: (end it first|try again)"):
        await scene.candidates.put(scene.third, "ann", "")
    assert (scene.log, scene.journal.last) == ([], None)
    scene.store.release = replace(scene.store.release, phase=Phase.ABORTED)
    await scene.candidates.put(scene.third, "ann", "")


async def test_the_slot_that_people_count_on_is_not_tried_with_anything(scene: Scene) -> None:
    """After a swap the other one is production."""
    new = "server model_server_new:8000  weight="
    scene.split.write_text(SHIPPED.replace(f"{new}1", f"{new}9"))
    with pytest.raises(NotNow, match="model_server_new is production"):
        await scene.candidates.put(scene.third, "ann", "")
    assert scene.journal.last is None


def only_folder(scene: Scene) -> Replacement:
    """Have the folder hold the third version, and no replica told."""
    packages = PackageFolder(scene.candidate)
    with packages.locked():
        packages.take(scene.models / "3", scene.third)
        packages.serve(scene.third)
    return Replacement("candidacy", scene.third, scene.models / "3", scene.second)


def nothing(scene: Scene) -> Replacement:
    return Replacement("candidacy", scene.third, scene.models / "3", scene.second)


@pytest.mark.parametrize(
    ("step", "left"),
    [("begun", nothing), ("begun", only_folder), ("copied", only_folder), ("replaced", only_folder)],
)
async def test_a_killed_program_finishes_what_it_began(
    scene: Scene, step: Step, left: Callable[[Scene], Replacement]
) -> None:
    """At its next start; the same order given again does no harm."""
    scene.journal.last = replace(left(scene), step=step)
    candidates = scene.started()
    await candidates.resume()
    assert scene.served == (scene.third, {scene.third})
    await candidates.resume()
    assert len(scene.slot.asked) == 1
    await candidates.put(scene.third, "ann", "")
    assert scene.served == (scene.third, {scene.third})


async def test_an_order_finishes_what_was_begun_before_it(scene: Scene) -> None:
    """It is not done twice."""
    scene.journal.last = replace(only_folder(scene), step="replaced")
    await scene.started().put(scene.third, "ann", "")
    assert (scene.served, len(scene.slot.asked)) == ((scene.third, {scene.third}), 1)


async def test_what_was_begun_waits_for_the_end_of_a_release(scene: Scene) -> None:
    """Which counts on the package that it began with."""
    scene.journal.last = nothing(scene)
    scene.store.release = a_release()
    await scene.candidates.resume()
    assert scene.served == (scene.second, {scene.second})
