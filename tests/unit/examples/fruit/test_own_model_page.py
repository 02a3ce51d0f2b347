"""Whoever follows model_server_new/README.md serves a model of their own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inference.decoding import Decoded
from inference.faults import reference_fault
from inference.loaded_model import LoadedModel
from inference.package import load_model_package
from inference.preprocessing import to_pixels
from tests.unit.examples.fruit.project import PROJECT

PAGE = (PROJECT / "model_server_new/README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    """Return the page's fenced blocks in a language, in turn."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def run(command: str, folder: Path) -> None:
    """Run a block of shell commands in the project's copy, with this Python as `python`."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(
        ["bash", "-euc", command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An empty project folder with a user's sixty images."""
    (tmp_path / "model_server_new/model/artifacts").mkdir(parents=True)
    (tmp_path / "my_images").mkdir()
    rng = np.random.default_rng(0)
    for number in range(60):
        pixels = rng.integers(0, 256, (140, 160, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"my_images/{number}.png")
    return tmp_path


def test_the_page_s_steps_serve_a_model(project: Path) -> None:
    """Done as written, the steps make a package that the server loads, and a reference made with it."""
    (network, saving), (manifest,), (hashing, reference) = blocks("python"), blocks("toml"), blocks("bash")
    package = project / "model_server_new/model"
    (package / "my_network.py").write_text(network)
    trained = "import sys; sys.path.insert(0, 'model_server_new/model')\nfrom my_network import MyNetwork\n"
    (project / "training.py").write_text(f"{trained}network = MyNetwork()\n{saving}")
    run("python training.py", project)
    run(hashing, project)
    (package / "model.toml").write_text(manifest)
    run(reference, project)

    model = LoadedModel(load_model_package(package))
    decoded = Decoded(Image.new("RGB", (300, 200), "orange"), 300, 200)
    image = to_pixels(decoded, model.manifest.image_input.size)
    answer = model.predict(image[None])
    assert answer.outputs.shape == (1, 2)
    assert answer.outputs.sum() == pytest.approx(1)
    assert reference_fault(package, model.manifest) is None


def test_the_page_is_one_page() -> None:
    """A newcomer reads it in a few minutes."""
    assert len(PAGE.splitlines()) < 100
