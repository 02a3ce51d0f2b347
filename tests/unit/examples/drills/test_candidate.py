"""A drill's candidate: the stable slot's model with a fault, beside the package that it stands in for."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from examples.drills.candidate import FOLDER, put_candidate, toml
from examples.drills.drills import ERRORS, GOOD, SLOW, WORSE, Drill
from examples.drills.faults import FAILING_PERCENT, MISTAKEN_PERCENT, SLOWER_SECONDS
from examples.traffic import StackError
from inference.identity import identify
from inference.loaded_model import LoadedModel
from inference.manifest import read_manifest
from inference.package import load_model_package
from release.package_folder import PackageFolder
from tests.colour_model import write_colour_package
from tests.lineages import add_lineage
from tests.whole_package import write_whole_package

IMAGES = 255 * torch.rand(1000, 16, 16, 3, generator=torch.Generator().manual_seed(0)).numpy()


@pytest.fixture
def stable(tmp_path: Path) -> Path:
    return write_colour_package(tmp_path / "stable")


@pytest.fixture
def candidate(tmp_path: Path) -> Path:
    write_whole_package(tmp_path / "candidate", "7", name="other")
    return tmp_path / "candidate"


@pytest.fixture
def load(stable: Path, candidate: Path) -> Callable[[Drill], LoadedModel]:
    """Put a drill's candidate, and load it as a server does."""

    def put_and_load(drill: Drill) -> LoadedModel:
        put_candidate(drill, stable, candidate)
        return LoadedModel(load_model_package(candidate))

    return put_and_load


def labels(model: LoadedModel) -> torch.Tensor:
    return torch.from_numpy(model.predict(IMAGES).outputs).argmax(dim=1)


def test_the_stable_slots_lineage_is_not_the_candidates(
    stable: Path, load: Callable[[Drill], LoadedModel]
) -> None:
    """What has a fault was not trained on anything."""
    add_lineage(stable)
    assert load(GOOD).manifest.lineage is None


def test_a_good_one_answers_as_the_stable_slot_does(
    stable: Path, load: Callable[[Drill], LoadedModel]
) -> None:
    """And is another version of the same model, with another checksum."""
    expected = LoadedModel(load_model_package(stable))
    found = load(GOOD)
    assert torch.equal(labels(found), labels(expected))
    assert (found.manifest.name, found.manifest.version) == ("colour", "drill-good")
    assert found.package.sha256 != expected.package.sha256


def test_one_that_fails_does_so_with_some_images_and_always_with_the_same(
    load: Callable[[Drill], LoadedModel],
) -> None:
    """With no blank one, or no server would load it."""
    model = load(ERRORS)

    def fails(number: int) -> bool:
        try:
            model.predict(IMAGES[number : number + 1])
        except RuntimeError as error:
            return "a drill" in str(error)
        return False

    first, second = ([fails(number) for number in range(300)] for _ in range(2))
    assert first == second
    assert sum(first) / 3 == pytest.approx(FAILING_PERCENT, abs=6)


def test_one_that_is_worse_names_another_label_for_some(
    stable: Path, load: Callable[[Drill], LoadedModel]
) -> None:
    """Of all classes alike, and as sure as ever: only true labels tell."""
    expected, found = LoadedModel(load_model_package(stable)), load(WORSE)
    differ = labels(expected) != labels(found)
    assert differ.float().mean().item() * 100 == pytest.approx(MISTAKEN_PERCENT, abs=3)
    sure = [torch.from_numpy(one.predict(IMAGES).outputs).amax(dim=1) for one in (expected, found)]
    assert torch.allclose(sure[0], sure[1])


def test_one_that_is_slow_waits(load: Callable[[Drill], LoadedModel]) -> None:
    """Once for each batch."""
    assert load(SLOW).info.batch_seconds > SLOWER_SECONDS


def test_the_candidates_own_package_stays_whole(stable: Path, candidate: Path) -> None:
    """Its `model.toml` brings it back; one drill's package takes the place of another's."""
    before, manifest = identify(candidate), (candidate / "model.toml").read_bytes()
    put_candidate(SLOW, stable, candidate)
    put_candidate(GOOD, stable, candidate)
    (candidate / "model.toml").write_bytes(manifest)
    assert identify(candidate) == before
    assert sorted(path.name for path in (candidate / FOLDER).iterdir()) == [
        ".gitignore",
        "network.py",
        "reference.safetensors",
        "weights.safetensors",
    ]


def test_it_can_be_promoted(stable: Path, candidate: Path) -> None:
    """All that it is made of is named in its `model.toml`."""
    package = put_candidate(GOOD, stable, candidate)
    packages = PackageFolder(stable)
    with packages.locked():
        packages.take(candidate, package.sha256)
        packages.serve(package.sha256)
    shutil.rmtree(candidate)
    assert load_model_package(stable).sha256 == package.sha256


def test_other_users_may_read_it(stable: Path, candidate: Path) -> None:
    """Those that the containers run as, whatever this user's umask is."""
    umask = os.umask(0o077)
    try:
        put_candidate(GOOD, stable, candidate)
    finally:
        os.umask(umask)
    for path in (candidate / "model.toml", *(candidate / FOLDER).iterdir()):
        assert path.stat().st_mode & 0o777 == 0o644, path
    assert (candidate / FOLDER).stat().st_mode & 0o777 == 0o755


def test_a_model_of_rows_is_refused(candidate: Path, tmp_path: Path) -> None:
    """Drills send images."""
    write_whole_package(tmp_path / "rows", "1")
    with pytest.raises(StackError, match="rows of numbers"):
        put_candidate(GOOD, tmp_path / "rows", candidate)


def test_a_manifest_is_written_as_it_was_read(stable: Path) -> None:
    """With all its tables."""
    before = read_manifest(stable)
    (stable / "model.toml").write_text(toml(before.model_dump(mode="json", exclude_none=True)))
    assert read_manifest(stable) == before
