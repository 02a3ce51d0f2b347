"""A worker has the model that a job asks for."""

from pathlib import Path

import pytest

from inference.kept_packages import KeptPackages
from inference.manifest import BadModelPackage
from job_server.worker.models import Models
from tests.tensor_model import write_regressor


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Write the slot's package."""
    return write_regressor(tmp_path / "model")


@pytest.fixture
def models(package: Path, tmp_path: Path) -> Models:
    """Return the models of a worker."""
    return Models(package, KeptPackages(tmp_path / "kept"), threads=1, max_pixels=1000)


def test_the_latest_follows_the_slot(models: Models, package: Path) -> None:
    """A package that has not changed is loaded once."""
    first = models.get(None)
    assert models.get(None) is first
    write_regressor(package, version="2")
    assert models.get(None).info.manifest.version == "2"


def test_a_kept_package_stays_what_it_was(models: Models, package: Path, tmp_path: Path) -> None:
    """Whatever the slot has now."""
    kept = KeptPackages(tmp_path / "kept").keep(package).sha256
    write_regressor(package, version="2")
    assert models.get(None).info.manifest.version == "2"
    assert models.get(kept).info.manifest.version == "1"


def test_while_the_slots_package_is_no_good_the_last_one_answers(models: Models, package: Path) -> None:
    """It may be halfway through being replaced; before there was any, there is a reason."""
    text = (package / "model.toml").read_text()
    (package / "model.toml").write_text("")
    with pytest.raises(BadModelPackage):
        models.get(None)
    (package / "model.toml").write_text(text)
    first = models.get(None)
    (package / "model.toml").write_text("")
    assert models.get(None) is first


def test_no_more_than_two_are_held(models: Models, package: Path, tmp_path: Path) -> None:
    """The one that was asked for longest ago goes."""
    keep = KeptPackages(tmp_path / "kept")
    shas = [keep.keep(write_regressor(package, version=version)).sha256 for version in "123"]
    first = models.get(shas[0])
    for sha256 in shas:
        models.get(sha256)
    assert models.get(shas[0]) is not first
