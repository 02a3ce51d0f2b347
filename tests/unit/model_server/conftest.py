"""The colour model, loaded, for the model server's tests."""

from pathlib import Path

import pytest

from model_server.classifier import Classifier
from model_server.model_package import load_model_package
from tests.colour_model import write_colour_package


@pytest.fixture
def package_folder(tmp_path: Path) -> Path:
    return write_colour_package(tmp_path / "model")


@pytest.fixture
def classifier(package_folder: Path) -> Classifier:
    return Classifier(load_model_package(package_folder))
