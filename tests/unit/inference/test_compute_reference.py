"""The command that computes a package's reference."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from inference.checksum import sha256_of
from inference.compute_reference import main
from inference.package import load_model_package
from inference.reference import check_bounds
from tests.colour_model import colour_image
from tests.tensor_model import write_regressor


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A folder of fifty images."""
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(50):
        colour = ("red", "green", "blue")[number % 3]
        (folder / f"{number}.png").write_bytes(colour_image(colour, size=(40 + number, 30)))
    return folder


def test_a_package_gets_its_reference_and_checksum(
    package_folder: Path, images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A package that was refused for its missing reference is whole afterwards."""
    for name in ("reference.safetensors", "reference.sha256"):
        (package_folder / "artifacts" / name).unlink()
    main(["--package", str(package_folder), "--images", str(images)])
    assert load_model_package(package_folder).reference_width == 3
    assert "reference of colour, 50 rows" in capsys.readouterr().out


def test_the_same_data_make_the_same_package(package_folder: Path, images: Path) -> None:
    """Nothing of the moment is in the file: who computes it again has the same package."""
    packages = set()
    for _ in range(2):
        main(["--package", str(package_folder), "--images", str(images)])
        packages.add(load_model_package(package_folder).sha256)
    assert len(packages) == 1


def test_rows_of_a_file_become_a_reference(tmp_path: Path) -> None:
    """A tensor model's reference is a CSV file's columns, in the model's order."""
    folder, rows = write_regressor(tmp_path / "model"), tmp_path / "rows.csv"
    rows.write_text("x2,x1\n" + "".join(f"{number},{-number}\n" for number in range(60)))
    main(["--package", str(folder), "--rows", str(rows)])
    assert load_model_package(folder).reference_width == 2


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x1,x2\n" + "1,2\n" * 49, "has 49 rows"),
        ("x1,x3\n" + "1,2\n" * 60, "no column x2"),
        ("x1,x2\n" + "1,two\n" * 60, "line 2"),
        ("x1,x2\n" + "1,1e16\n" * 60, "huge values"),
    ],
)
def test_rows_that_make_no_reference_are_refused(tmp_path: Path, text: str, reason: str) -> None:
    """One line says what is wrong, and the package keeps the reference it had."""
    folder, rows = write_regressor(tmp_path / "model"), tmp_path / "rows.csv"
    rows.write_text(text)
    before = sha256_of(folder / "artifacts/reference.safetensors")
    with pytest.raises(SystemExit, match=reason) as raised:
        main(["--package", str(folder), "--rows", str(rows)])
    assert "\n" not in str(raised.value)
    assert sha256_of(folder / "artifacts/reference.safetensors") == before


def test_a_checksum_in_the_manifest_itself_is_not_overwritten(tmp_path: Path) -> None:
    """Where the manifest holds the digits there is no place for new ones: the line says what to do."""
    folder, rows = write_regressor(tmp_path / "model"), tmp_path / "rows.csv"
    rows.write_text("x1,x2\n" + "1,2\n" * 60)
    manifest = folder / "model.toml"
    digest = sha256_of(folder / "artifacts/reference.safetensors")
    manifest.write_text(manifest.read_text().replace("artifacts/reference.sha256", digest))
    with pytest.raises(SystemExit, match=r"model.toml holds the old one: name a file for it there"):
        main(["--package", str(folder), "--rows", str(rows)])
    assert sha256_of(folder / "artifacts/reference.safetensors") == digest


def test_reading_a_reference_needs_no_torch() -> None:
    """The detector's environment reads references and package checksums without PyTorch and Pillow."""
    code = "import sys, inference.reference, inference.identity, inference.faults;"
    code += "sys.exit(bool({'torch', 'PIL'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_equal_rows_are_within_the_bounds() -> None:
    """Whether something can be measured with it is the detector's to say, not the file's."""
    check_bounds("somewhere", np.zeros((50, 2), np.float32))
