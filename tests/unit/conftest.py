"""The colour model, loaded, for the model server's tests."""

from pathlib import Path

import pytest

from inference.loaded_model import LoadedModel
from inference.package import load_model_package
from inference.torch_backend import TorchBackend
from tests.colour_model import write_colour_package


@pytest.fixture
def package_folder(tmp_path: Path) -> Path:
    return write_colour_package(tmp_path / "model")


@pytest.fixture
def model(package_folder: Path) -> LoadedModel:
    return LoadedModel(load_model_package(package_folder))


@pytest.fixture
def backend(model: LoadedModel) -> TorchBackend:
    return TorchBackend(model, max_pixels=10_000)
