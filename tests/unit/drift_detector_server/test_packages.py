"""The detector follows the slot's package, and knows the references of those before it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from bson import ObjectId

from drift_detector_server.kept_references import KeptReferences
from drift_detector_server.loading import StartError, load
from drift_detector_server.packages import RELOAD_TIME, Packages
from drift_detector_server.settings import DetectorSettings
from mongodb.documents import PackageCursor
from tests.model_package import sha256_of_package, write_package

OLD = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
NEW = np.random.default_rng(1).normal(size=(60, 5)).astype(np.float32)


@pytest.fixture
def settings(tmp_path: Path) -> DetectorSettings:
    """Settings of a slot whose package is of version 1."""
    package = write_package(tmp_path / "package", OLD)
    return DetectorSettings(detector="mmd", model_package=package, artifacts=tmp_path / "kept")


@pytest.fixture
def packages(settings: DetectorSettings) -> Packages:
    """The packages as they are after the start."""
    return load(settings)


def replace_package(settings: DetectorSettings) -> str:
    """Put version 2 into the folder and return its checksum."""
    return sha256_of_package(write_package(settings.model_package, NEW, version="2"))


def cursor(package_sha256: str, newest: datetime | None = None) -> PackageCursor:
    """Return the cursor of a package whose newest sample is of this time."""
    position = str(ObjectId.from_datetime(newest or datetime.now(UTC)))
    return PackageCursor(package_sha256, "small-cnn", "1", newest=position)


def test_another_package_is_taken(packages: Packages, settings: DetectorSettings) -> None:
    """The new reference counts from the next look on, and the old one is still known."""
    old = packages.served
    new = replace_package(settings)
    packages.look(settings)
    assert (packages.served.package_sha256, packages.served.version) == (new, "2")
    assert packages.served.reference.width == 5
    assert packages.of(cursor(old.package_sha256)) is old
    assert sorted(path.stem for path in settings.artifacts.iterdir()) == sorted([old.package_sha256, new])


def test_the_same_package_is_not_taken_twice(packages: Packages, settings: DetectorSettings) -> None:
    """A look at a package that has not changed costs no new detector."""
    served = packages.served
    packages.look(settings)
    assert packages.served is served


@pytest.mark.parametrize("damage", ["model.toml", "network.py", "artifacts/reference.safetensors"])
def test_a_package_that_is_not_whole_is_waited_for(
    packages: Packages, settings: DetectorSettings, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Half a package changes nothing, and one line says so, however often it is looked at."""
    old = packages.served
    new = replace_package(settings)
    path = settings.model_package / damage
    whole = path.read_bytes()
    path.unlink()
    for _ in range(3):
        packages.look(settings)
    assert packages.served is old
    assert caplog.text.count("not taken, the old reference and detector stay in use") == 1
    path.write_bytes(whole)
    packages.look(settings)
    assert packages.served.package_sha256 == new


def test_after_a_restart_an_old_packages_reference_is_found_again(
    packages: Packages, settings: DetectorSettings
) -> None:
    """What was kept is enough to score samples of a package that is gone."""
    old = packages.served
    replace_package(settings)
    found = load(settings).of(cursor(old.package_sha256))
    assert found is not None
    assert found.reference.sha256 == old.reference.sha256
    assert (found.reference.embeddings == old.reference.embeddings).all()


def test_a_reference_that_was_never_seen_is_none(packages: Packages) -> None:
    """There is no wrong reference in its place."""
    assert packages.of(cursor("f" * 64)) is None


def test_a_damaged_copy_is_none(packages: Packages, settings: DetectorSettings) -> None:
    """A copy that cannot be read is said, and nothing is scored with it."""
    (settings.artifacts / f"{'e' * 64}.safetensors").write_bytes(b"half")
    assert packages.of(cursor("e" * 64)) is None


def test_a_copy_is_whole_under_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that ends while it writes leaves no file that would be taken for a copy."""

    def full_disk(_: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OSError, match="no space"):
        KeptReferences(tmp_path).keep("a" * 64, b"content")
    assert KeptReferences(tmp_path).load("a" * 64) is None


def test_a_folder_that_cannot_be_written_stops_the_start(settings: DetectorSettings, tmp_path: Path) -> None:
    """Without copies a reload would lose windows: the line says what to change."""
    (tmp_path / "file").write_text("")
    wrong = settings.model_copy(update={"artifacts": tmp_path / "file"})
    with pytest.raises(StartError, match=r"no copy of the reference can be kept there .* ARTIFACTS"):
        load(wrong)


@pytest.mark.parametrize(
    ("late_seconds", "served"),
    [(-10, "new"), (RELOAD_TIME.seconds - 5, "new"), (RELOAD_TIME.seconds + 5, "old")],
)
def test_samples_tell_when_the_folders_package_is_not_served(
    packages: Packages, settings: DetectorSettings, late_seconds: int, served: str
) -> None:
    """Samples of the old package long after the change tell that the new one was never loaded."""
    old = packages.served.package_sha256
    new = replace_package(settings)
    packages.look(settings)
    at = packages.in_folder.taken_at + timedelta(seconds=late_seconds)
    packages.notice([cursor(old, at), cursor(new, at - timedelta(hours=1))])
    assert packages.served.package_sha256 == {"new": new, "old": old}[served]
    assert packages.is_current(new)
    packages.notice([cursor(old, at), cursor(new, at + timedelta(seconds=5))])
    assert packages.served.package_sha256 == new


def test_other_settings_make_other_detectors(packages: Packages, settings: DetectorSettings) -> None:
    """An edit of the permutations counts for the package that is served."""
    packages.look(settings.model_copy(update={"permutations": 99}))
    assert packages.served.detector.score(NEW[:20, :3], 0.05).p_value in {
        (1 + reached) / 100 for reached in range(100)
    }


def test_detectors_of_packages_without_samples_are_let_go(
    packages: Packages, settings: DetectorSettings
) -> None:
    """What is no longer needed takes no memory, and comes back from its copy."""
    old = packages.served
    replace_package(settings)
    packages.look(settings)
    packages.forget([])
    again = packages.of(cursor(old.package_sha256))
    assert again is not None
    assert again is not old
    assert replace(again, taken_at=old.taken_at).package_sha256 == old.package_sha256
