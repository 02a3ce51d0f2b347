"""The command ends at once where nothing is to be done, and with one line where it cannot go on."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import download_models
from tests.unit.examples.fruit.project import PROJECT, copy_packages, write_artifacts

# Runs the command on another project folder whose images are all there, and fails if it imported torch.
WITHOUT_IMAGES = """
import sys
from pathlib import Path
import examples.fruit.prepare, download_models
examples.fruit.prepare.needed_pictures = lambda source: []
download_models.ROOT = Path(sys.argv.pop(1))
download_models.main()
assert "torch" not in sys.modules
"""


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the project's folder."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=PROJECT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_names_both_sources() -> None:
    """The help says what each source does."""
    done = run("download_models.py", "--help")
    assert done.returncode == 0
    for word in ("--source demo", "--source published", "--reference-images", "drift_detector.pkl"):
        assert word in done.stdout


def test_whole_artifacts_are_left_alone_without_torch(tmp_path: Path) -> None:
    """A second run verifies checksums and does not even import torch."""
    for slot in copy_packages(tmp_path):
        write_artifacts(slot)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    done = run("-c", WITHOUT_IMAGES, str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("are there and whole") == 2
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_without_a_network_one_line_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The published source ends with the URL and the other source, and leaves nothing behind."""
    slots = copy_packages(tmp_path)
    monkeypatch.setattr(download_models, "ROOT", tmp_path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(SystemExit) as ended:
        download_models.main(["--source", "published", "--base-url", "http://127.0.0.1:9/models"])
    line = str(ended.value.code)
    assert "http://127.0.0.1:9/models/fruit_classifier_state_dict.pt" in line
    assert "--source demo" in line
    assert "\n" not in line
    assert [path for path in sorted(tmp_path.rglob("*")) if "__pycache__" not in str(path)] == before
    assert "small-cnn" in (slots[0].package / "model.toml").read_text()


def test_a_mirror_is_taken_from_the_environment() -> None:
    """PUBLISHED_MODELS_URL moves the default base URL."""
    done = run("download_models.py", "--help", PUBLISHED_MODELS_URL="http://mirror.example/")
    assert "http://mirror.example/" in done.stdout


def test_a_python_without_torch_is_told_what_to_run() -> None:
    """Outside the project's environment one line names the command to run instead."""
    done = run("-S", "download_models.py")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "make models" in done.stderr
