"""What a slot lacks is found by checksums, and said in one line."""

from pathlib import Path

import pytest

from examples.fruit.artifacts import Options, check_slots
from examples.fruit.slot_packages import SlotPackage, Source
from inference.checksum import write_checksum
from tests.unit.examples.fruit.project import (
    NOWHERE,
    check,
    copy_packages,
    write_artifacts,
    write_reference_of,
)
from tests.unit.examples.fruit.test_slot_packages import OWN


@pytest.fixture
def both(tmp_path: Path) -> tuple[SlotPackage, SlotPackage]:
    return copy_packages(tmp_path)


def test_an_empty_slot_lacks_weights_and_reference(
    both: tuple[SlotPackage, SlotPackage], tmp_path: Path
) -> None:
    """In a fresh clone all is to be made."""
    artifacts = check(both[0], tmp_path)
    assert "weights.safetensors is not there" in (artifacts.weights_fault or "")
    assert artifacts.reference_fault


def test_a_whole_slot_lacks_nothing(both: tuple[SlotPackage, SlotPackage], tmp_path: Path) -> None:
    """Weights with their checksum and a reference made with them are left alone."""
    write_artifacts(both[0])
    artifacts = check(both[0], tmp_path)
    assert (artifacts.weights_fault, artifacts.reference_fault) == (None, None)


@pytest.mark.parametrize("damage", [b"", b"numberz", b"numbers and more"])
def test_corrupt_weights_are_made_again(
    both: tuple[SlotPackage, SlotPackage], tmp_path: Path, damage: bytes
) -> None:
    """Weights that do not have their checksum are named, and wanted again with their reference."""
    write_artifacts(both[0])
    (both[0].package / "artifacts/weights.safetensors").write_bytes(damage)
    artifacts = check(both[0], tmp_path)
    assert "weights.safetensors does not have the checksum" in (artifacts.weights_fault or "")
    assert artifacts.reference_fault


def test_weights_without_a_hash_are_not_trusted(
    both: tuple[SlotPackage, SlotPackage], tmp_path: Path
) -> None:
    """A run that was broken off between weights and checksum is made up for."""
    write_artifacts(both[0])
    (both[0].package / "artifacts/weights.sha256").unlink()
    assert check(both[0], tmp_path).weights_fault


def test_a_reference_of_other_weights_is_made_again(
    both: tuple[SlotPackage, SlotPackage], tmp_path: Path
) -> None:
    """Embeddings of two networks cannot be compared."""
    write_artifacts(both[0])
    write_reference_of(both[0], "0" * 64)
    artifacts = check(both[0], tmp_path)
    assert artifacts.weights_fault is None
    assert "was made with other weights" in (artifacts.reference_fault or "")


def test_a_truncated_reference_is_made_again(both: tuple[SlotPackage, SlotPackage], tmp_path: Path) -> None:
    """A reference that cannot be read counts as none."""
    write_artifacts(both[0])
    reference = both[0].package / "artifacts/reference.safetensors"
    reference.write_bytes(reference.read_bytes()[:-5])
    write_checksum(reference, both[0].package / "artifacts/reference.sha256")
    assert "cannot be read" in (check(both[0], tmp_path).reference_fault or "")


def test_a_reference_without_its_hash_is_made_again(
    both: tuple[SlotPackage, SlotPackage], tmp_path: Path
) -> None:
    """A run that was broken off between reference and checksum is made up for."""
    write_artifacts(both[0])
    (both[0].package / "artifacts/reference.sha256").write_text("0" * 64)
    artifacts = check(both[0], tmp_path)
    assert artifacts.weights_fault is None
    assert "reference.safetensors does not have the checksum" in (artifacts.reference_fault or "")


def test_a_hash_in_the_manifest_itself_is_as_good(
    both: tuple[SlotPackage, SlotPackage], tmp_path: Path
) -> None:
    """A whole model whose checksums are written inline is left alone, and not made over."""
    slot = both[0]
    write_artifacts(slot)
    manifest = slot.package / "model.toml"
    for name in ("weights", "reference"):
        sha256 = (slot.package / f"artifacts/{name}.sha256").read_text().split()[0]
        manifest.write_text(manifest.read_text().replace(f'"artifacts/{name}.sha256"', f'"{sha256}"'))
        (slot.package / f"artifacts/{name}.sha256").unlink()
    [found, _] = check_slots(Options(tmp_path, Source.DEMO, None, NOWHERE))
    assert (found.slot.name, found.weights_fault, found.reference_fault) == ("model_server", None, None)


def test_reference_images_ask_for_a_new_reference(
    both: tuple[SlotPackage, SlotPackage], tmp_path: Path
) -> None:
    """Who names a folder wants the reference from it, even if there is another."""
    write_artifacts(both[0])
    artifacts = check(both[0], tmp_path, images=tmp_path / "my_images")
    assert artifacts.weights_fault is None
    assert "my_images is asked for" in (artifacts.reference_fault or "")
    assert artifacts.reference_images == tmp_path / "my_images"


def test_the_lines_name_slot_and_fault(
    both: tuple[SlotPackage, SlotPackage], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line a slot says what is done and why."""
    write_artifacts(both[0])
    found = check_slots(Options(tmp_path, Source.DEMO, None, NOWHERE))
    first, second = capsys.readouterr().out.splitlines()
    assert first == "model_server: small-cnn (demo) and its reference are there and whole"
    assert second.startswith("model_server_new: ")
    assert second.endswith("weights.safetensors is not there: making it")
    assert [artifacts.slot.name for artifacts in found] == ["model_server", "model_server_new"]


def test_a_slot_with_a_model_of_one_s_own_is_left_alone(
    both: tuple[SlotPackage, SlotPackage], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is not checked, and the line says how its reference is computed."""
    (both[1].package / "model.toml").write_text(OWN)
    found = check_slots(Options(tmp_path, Source.DEMO, None, NOWHERE))
    assert [artifacts.slot.name for artifacts in found] == ["model_server"]
    line = capsys.readouterr().out.splitlines()[1]
    assert "describes a model of your own: left alone" in line
    assert "python -m inference.reference --package" in line
