"""retraining/learning: what a step leaves on the disk."""

import io
from dataclasses import replace
from pathlib import Path

from PIL import Image

from inference.manifest import read_manifest
from retraining.learning.candidate import begin_package
from retraining.learning.examples import of_records
from tests.unit.training_data.records import record
from training_data.task import Task

PACKAGE = Path("model_server/model")


def test_a_candidate_has_nothing_that_is_no_part_of_a_model(tmp_path: Path) -> None:
    """Of production's folder: not git's own files, not Python's cache, not its weights."""
    manifest = read_manifest(PACKAGE)
    production = tmp_path / "production"
    (production / "artifacts").mkdir(parents=True)
    (production / "__pycache__").mkdir()
    for name in ("model.toml", "network.py", "__pycache__/network.pyc", "artifacts/.gitignore", ".packages"):
        (production / name).write_bytes((PACKAGE / name).read_bytes() if name == "model.toml" else b"x")
    for name in (manifest.weights, manifest.sha256, manifest.reference):
        (production / name).write_bytes(b"x")
    begin_package(production, manifest, tmp_path / "candidate", "2")
    files = {path.relative_to(tmp_path / "candidate") for path in (tmp_path / "candidate").rglob("*")}
    assert {str(path) for path in files} == {"model.toml", "network.py", "artifacts"}
    assert read_manifest(tmp_path / "candidate").version == "2"


def test_images_leave_no_file(tmp_path: Path) -> None:
    """They are read while the process lives, and are gone with it, however it ends."""
    manifest = read_manifest(PACKAGE)
    records = [replace(record(number), content=grey(number)) for number in (0, 50)]
    examples = of_records(records, 2, Task.of(manifest), manifest, tmp_path / "inputs.bin")
    assert list(tmp_path.iterdir()) == []
    assert [int(image.max()) for image in examples.inputs] == [0, 50]


def grey(shade: int) -> bytes:
    """Return an image file of one shade."""
    file = io.BytesIO()
    Image.new("RGB", (8, 8), (shade, shade, shade)).save(file, "PNG")
    return file.getvalue()
