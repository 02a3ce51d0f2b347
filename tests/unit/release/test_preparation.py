"""What a release needs before it begins, and what is said where something is amiss."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from inference.identity import identify
from release.lifecycle import NotNow
from release.plan import WrongPlan
from release.preparation import Preparation
from release.replicas import Replica
from release.split_file import CannotRead, CannotWrite, SplitFile
from service.slots import CANDIDATE, STABLE
from tests.colour_model import write_colour_package
from tests.tensor_model import write_regressor
from tests.unit.release.fakes import Clock
from tests.unit.release.test_controller import SPLIT

PLANS = """
[quick]
steps = [10]
step_seconds = 5
min_requests = 5
[quick.gates.error_rate]
"""


class Slot:
    """A slot whose replicas say what the test tells them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.answers: Sequence[Replica] = [Replica("10.0.0.1:8002", "serves", identify(folder).sha256)]

    async def look(self) -> list[Replica]:
        return list(self.answers)


class Scene:
    """Two slots with packages of their own, a split and a file of plans: all as it should be."""

    def __init__(self, folder: Path) -> None:
        self.slots = {
            slot: Slot(write_colour_package(folder / slot, version=version))
            for slot, version in ((STABLE, "1"), (CANDIDATE, "2"))
        }
        self.split = folder / "default.conf"
        self.split.write_text(SPLIT)
        self.plans = folder / "plan.toml"
        self.plans.write_text(PLANS)
        self.is_in_effect = True

    @property
    def preparation(self) -> Preparation:
        return Preparation(
            plan_file=self.plans,
            folders={slot: one.folder for slot, one in self.slots.items()},
            replicas=self.slots,
            split_file=SplitFile(self.split),
            in_effect=self.in_effect,
            now=Clock(),
        )

    async def in_effect(self) -> bool:
        return self.is_in_effect


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


async def test_a_release_is_of_what_there_is(scene: Scene) -> None:
    """The packages that both slots serve, the split as it is, the first step; nothing is written."""
    release = await scene.preparation.prepare("quick")
    assert release.id == "20261129-080000"
    assert (release.stable.version, release.candidate.version) == ("1", "2")
    assert release.candidate.sha256 == identify(scene.slots[CANDIDATE].folder).sha256
    assert (release.step, release.percent, release.plan_name) == (0, 10, "quick")
    assert release.in_file == SplitFile(scene.split).read()
    assert release.reason == "step 1 of 1: 10 %"
    assert scene.split.read_text() == SPLIT


async def test_the_same_package_in_both_slots_may_be_tried(scene: Scene) -> None:
    """To see how it goes; the history says so."""
    write_colour_package(scene.slots[CANDIDATE].folder, version="1")
    scene.slots[CANDIDATE] = Slot(scene.slots[CANDIDATE].folder)
    release = await scene.preparation.prepare("quick")
    assert release.reason == "step 1 of 1: 10 %; both slots serve the same package"


async def test_a_plan_that_is_not_there_is_refused(scene: Scene) -> None:
    """With those that are."""
    with pytest.raises(WrongPlan, match="no plan 'slow'; it has quick"):
        await scene.preparation.prepare("slow")


@pytest.mark.parametrize("slot", [STABLE, CANDIDATE])
async def test_a_slot_that_serves_another_package_is_refused(scene: Scene, slot: str) -> None:
    """It was not reloaded, or has refused what its folder holds: of no replica else would the numbers be."""
    right = scene.slots[slot].answers
    scene.slots[slot].answers = [*right, Replica("10.0.0.2:8002", "serves", "c" * 64)]
    with pytest.raises(NotNow, match=f"{slot} serves package cccccccccccc, .*make reload SLOT={slot}`"):
        await scene.preparation.prepare("quick")


async def test_a_slot_that_does_not_answer_is_refused(scene: Scene) -> None:
    """By its address, or because there is none."""
    scene.slots[CANDIDATE].answers = [Replica("10.0.0.2:8002", "away", reason="refused")]
    with pytest.raises(NotNow, match=r"model_server_new at 10\.0\.0\.2:8002 does not answer: refused"):
        await scene.preparation.prepare("quick")
    scene.slots[CANDIDATE].answers = []
    with pytest.raises(NotNow, match="no replica of model_server_new is found"):
        await scene.preparation.prepare("quick")


async def test_a_folder_without_a_package_is_refused(scene: Scene) -> None:
    """With what is wrong about it."""
    (scene.slots[CANDIDATE].folder / "model.toml").unlink()
    with pytest.raises(NotNow, match=r"model_server_new's folder holds no package .*model\.toml"):
        await scene.preparation.prepare("quick")


async def test_a_split_that_nginx_has_not_taken_is_refused(scene: Scene) -> None:
    """A mistake in it would hold the release at once."""
    scene.is_in_effect = False
    with pytest.raises(NotNow, match="nginx has not taken"):
        await scene.preparation.prepare("quick")


async def test_a_candidate_that_is_production_is_refused(scene: Scene) -> None:
    """To begin would take nearly all of its traffic away."""
    text = SPLIT.replace("weight=1  resolve;\n", "weight=9  resolve;\n")
    scene.split.write_text(text)
    with pytest.raises(NotNow, match="model_server_new is production"):
        await scene.preparation.prepare("quick")


async def test_a_file_without_a_place_for_shares_is_refused(scene: Scene) -> None:
    """Before anything begins."""
    scene.split.write_text("# gone\n")
    with pytest.raises(CannotRead, match="no `upstream split`"):
        await scene.preparation.prepare("quick")
    scene.split.write_text(SPLIT.replace("    zone", "    least_conn;\n    zone"))
    with pytest.raises(CannotWrite, match="least_conn"):
        await scene.preparation.prepare("quick")


async def test_models_that_take_other_inputs_are_refused(scene: Scene, tmp_path: Path) -> None:
    """Images and rows, or other rows: whoever met the other one would be answered with an error."""
    scene.slots[CANDIDATE] = Slot(write_regressor(tmp_path / "rows"))
    with pytest.raises(NotNow, match="model_server takes images and model_server_new rows of x1, x2"):
        await scene.preparation.prepare("quick")
    scene.slots[STABLE] = Slot(write_regressor(tmp_path / "others"))
    manifest = scene.slots[STABLE].folder / "model.toml"
    manifest.write_text(manifest.read_text().replace('"x1"', '"x3"'))
    scene.slots[STABLE] = Slot(scene.slots[STABLE].folder)
    with pytest.raises(NotNow, match="rows of x3"):
        await scene.preparation.prepare("quick")
