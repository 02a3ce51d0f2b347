"""Made-up runs of three kinds of model."""

from pathlib import Path

import pytest

from tests.colour_model import write_colour_package
from tests.tensor_model import write_regressor, write_sign_classifier
from tests.unit.retraining.report.made_up import Made, made, task_of


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("packages")
    return {
        "images": write_colour_package(folder / "colour"),
        "rows": write_sign_classifier(folder / "sign"),
        "values": write_regressor(folder / "regressor"),
    }


@pytest.fixture(scope="session")
def kinds(packages: dict[str, Path]) -> dict[str, Made]:
    return {name: made(task_of(package)) for name, package in packages.items()}
