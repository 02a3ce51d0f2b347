"""The start: with a whole reference or not at all, and one line that says what to do."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError
from safetensors.numpy import save

from drift_detector_server.loading import StartError, load
from drift_detector_server.settings import DetectorSettings
from inference.checksum import write_checksum
from tests.model_package import write_package

GOOD = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)


FEATURES = '["age", "income", "savings"]'


def settings(folder: Path) -> DetectorSettings:
    """Return settings for a reference in the folder."""
    return DetectorSettings(detector="mmd", model_package=folder, artifacts=folder / "kept")


def write(folder: Path, embeddings: NDArray[np.generic], name: str = "embeddings", **more: str) -> None:
    """Write a package with a reference file, whatever is in it."""
    write_package(folder, GOOD, features=json.loads(FEATURES) if "features" in more else ())
    metadata = {"model": "small-cnn", "version": "7", "weights_sha256": "0" * 64, **more}
    put(folder, save({name: embeddings}, metadata))


def put(folder: Path, content: bytes) -> None:
    """Put a file in the reference's place, with its checksum."""
    path = folder / "artifacts/reference.safetensors"
    path.write_bytes(content)
    write_checksum(path, folder / "artifacts/reference.sha256")


def test_a_reference_is_loaded_with_what_it_is_of(tmp_path: Path) -> None:
    """Embeddings, model, version and checksum come from the file, and the detector can score."""
    write(tmp_path, GOOD)
    served = load(settings(tmp_path)).served
    reference, detector = served.reference, served.detector
    assert (reference.model, reference.version, reference.width) == ("small-cnn", "7", 3)
    assert len(reference.sha256) == 64
    assert detector.score(GOOD[:20], 0.05).p_value > 0.05


@pytest.mark.parametrize("chosen", ["mmd", "alibi"])
def test_a_reference_with_features_is_watched_feature_by_feature(tmp_path: Path, chosen: str) -> None:
    """Where the file names features, they are scored one by one, whatever DETECTOR says."""
    write(tmp_path, GOOD, features=FEATURES)
    wanted = DetectorSettings.model_validate({**settings(tmp_path).model_dump(), "detector": chosen})
    served = load(wanted).served
    reference, detector = served.reference, served.detector
    assert reference.features == ("age", "income", "savings")
    assert detector.name == "ks"
    assert [one.name for one in detector.score(GOOD[:20], 0.05).features] == ["age", "income", "savings"]


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ("age, income", "a JSON list of names"),
        ('{"age": 1}', "a JSON list of names"),
        ("[1, 2, 3]", "a JSON list of names"),
        ('["age", "income", ""]', "a JSON list of names"),
        ('["age", "income"]', "each of its 3 columns"),
        ('["age", "income", "age"]', "each of its 3 columns"),
        ('["age", "income", "savings", "age"]', "each of its 3 columns"),
    ],
)
def test_features_that_do_not_fit_are_refused(tmp_path: Path, names: str, reason: str) -> None:
    """Names that are no list, or not one for each column, stop the start."""
    write(tmp_path, GOOD, features=names)
    with pytest.raises(StartError, match=reason):
        load(settings(tmp_path))


@pytest.mark.parametrize("program", ["mmd", "loading", "app"])
def test_scipy_is_left_out_where_no_features_are(program: str) -> None:
    """The detectors of embeddings do without scipy and the memory it takes."""
    module = "drift_detector_server." + ("detectors.mmd" if program == "mmd" else program)
    code = f"import sys, {module}; sys.exit('scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_missing_reference_names_the_command(tmp_path: Path) -> None:
    """Without the file the start is refused in one line with the command that makes it."""
    write(tmp_path, GOOD)
    (tmp_path / "artifacts/reference.safetensors").unlink()
    with pytest.raises(StartError, match=r"is missing: run `python download_models.py`"):
        load(settings(tmp_path))


@pytest.mark.parametrize("content", [b"", b"not safetensors at all", b"\xff" * 100])
def test_a_damaged_reference_is_refused(tmp_path: Path, content: bytes) -> None:
    """A file that is not whole safetensors is refused in one line."""
    write(tmp_path, GOOD)
    put(tmp_path, content)
    with pytest.raises(StartError, match=r"cannot be read.*download_models") as raised:
        load(settings(tmp_path))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("embeddings", "reason"),
    [
        (GOOD[:, :0], "not rows of embeddings"),
        (GOOD[0], "not rows of embeddings"),
        (GOOD.astype(np.int64), "not rows of embeddings"),
        (GOOD[:1], "has 1 rows"),
        (np.where(GOOD > 1, np.float32(np.nan), GOOD), "holds NaN"),
        (np.ones_like(GOOD), "alike"),
        (np.repeat(GOOD, 100, axis=0), "has 6000 rows"),
    ],
)
def test_a_reference_of_no_use_is_refused(
    tmp_path: Path, embeddings: NDArray[np.generic], reason: str
) -> None:
    """Nothing to measure with, NaN, or too much of it: refused, with the reason."""
    write(tmp_path, np.ascontiguousarray(embeddings))
    with pytest.raises(StartError, match=reason):
        load(settings(tmp_path))


def test_a_file_without_embeddings_is_refused(tmp_path: Path) -> None:
    """A safetensors file of something else is not taken for a reference."""
    write(tmp_path, GOOD, name="weights")
    with pytest.raises(StartError, match="cannot be read"):
        load(settings(tmp_path))


@pytest.mark.parametrize(
    "wrong",
    [
        {"p_value_threshold": 0.001},
        {"p_value_threshold": 1.0},
        {"window_size": 20},
        {"window_size": 5000},
        {"detector": "ks"},
        {"score_interval_seconds": 0},
        {"drifted_windows": 6},
        {"recent_windows": 0},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, object]) -> None:
    """Settings that contradict each other, or a threshold the permutations cannot show, stop the start."""
    with pytest.raises(ValidationError):
        DetectorSettings.model_validate(wrong)
