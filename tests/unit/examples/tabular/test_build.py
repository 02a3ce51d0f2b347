"""The examples as they are made: packages that can be served, references that fit them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from drift_detector_server.detectors.ks import Ks
from examples.tabular import NAMES, train
from examples.tabular.build import ROWS, TooWeak, build
from examples.tabular.data import Subset, draw
from examples.tabular.make import main
from inference.loaded_model import LoadedModel
from inference.manifest import read_manifest
from inference.package import ModelPackage, load_model_package
from inference.reference import Reference, read_reference


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Make every example once."""
    folder = tmp_path_factory.mktemp("examples")
    for name in NAMES:
        build(name, folder / name)
    return {name: folder / name for name in NAMES}


def package(folder: Path) -> ModelPackage:
    """Load the package as the model server does."""
    return load_model_package(folder / "model")


def reference_of(folder: Path) -> Reference:
    """Read the package's reference as the detector does."""
    return read_reference(folder / "model", read_manifest(folder / "model"))


def test_the_regressor_has_learnt_its_line(made: dict[str, Path]) -> None:
    """Served as the model server serves it, it answers 3 x1 - 2 x2 + 1."""
    answer = LoadedModel(package(made["regressor"])).predict(np.array([[0.2, 0.6], [0.5, 0.1]], np.float32))
    assert answer.outputs[:, 0] == pytest.approx([0.4, 2.3], abs=0.05)


def test_the_classifier_takes_raw_values(made: dict[str, Path]) -> None:
    """Years and money as they are: a careful borrower is likely to repay, one in trouble is not."""
    # age, job_years, income, savings, debt_ratio, loan_amount, loan_months, late_payments
    careful = [52, 20, 60_000, 40_000, 0.1, 6_000, 48, 0]
    in_trouble = [24, 0.5, 22_000, 300, 0.7, 15_000, 12, 4]
    model = LoadedModel(package(made["loans"]))
    probabilities = model.predict(np.array([careful, in_trouble], np.float32)).outputs
    assert model.manifest.classes == ("repaid", "defaulted")
    assert probabilities[0, 0] > 0.9
    assert probabilities[1, 1] > 0.9


@pytest.mark.parametrize("name", NAMES)
def test_the_manifest_says_how_the_training_rows_were(made: dict[str, Path], name: str) -> None:
    """model.toml has a mean and a standard deviation for each feature, and the template stays as it was."""
    rows = draw(name, Subset.TRAIN, ROWS[Subset.TRAIN]).rows
    spec = read_manifest(made[name] / "model").tensor_input
    assert spec.mean == pytest.approx(rows.mean(axis=0), rel=1e-5)
    assert spec.std == pytest.approx(rows.std(axis=0), rel=1e-5)
    template = read_manifest(Path(train.__file__).parent / name / "model").tensor_input
    assert (template.features, template.mean) == (spec.features, None)


def test_the_scale_is_saved_with_the_weights(made: dict[str, Path]) -> None:
    """The classifier's file holds the mean and the standard deviation that its network divides by."""
    rows = draw("loans", Subset.TRAIN, ROWS[Subset.TRAIN]).rows
    with safe_open(made["loans"] / "model/artifacts/loans.safetensors", framework="numpy") as file:
        assert file.get_tensor("mean") == pytest.approx(rows.mean(axis=0), rel=1e-4)
        assert file.get_tensor("std") == pytest.approx(rows.std(axis=0), rel=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_the_reference_holds_raw_rows_that_were_held_out(made: dict[str, Path], name: str) -> None:
    """The detector finds the features' names and rows of the same kind, none of them from the training."""
    manifest = read_manifest(made[name] / "model")
    reference = read_reference(made[name] / "model", manifest)
    assert reference.features == manifest.tensor_input.features
    assert (reference.model, reference.version) == (manifest.name, manifest.version)
    learnt = {row.tobytes() for row in draw(name, Subset.TRAIN, ROWS[Subset.TRAIN]).rows}
    assert not learnt & {row.tobytes() for row in reference.embeddings}


@pytest.mark.parametrize("name", NAMES)
def test_clean_rows_do_not_drift_from_the_reference(made: dict[str, Path], name: str) -> None:
    """Of twenty windows of rows to come, at most three drift by chance."""
    reference = reference_of(made[name])
    detector = Ks(reference.embeddings, reference.features)
    rows = draw(name, Subset.TRAFFIC, 2000).rows
    assert sum(detector.score(window, 0.05).drift for window in np.split(rows, 20)) <= 3


def test_a_second_run_makes_the_same(made: dict[str, Path], tmp_path: Path) -> None:
    """The same weights come out, so that everybody's example is the same."""
    build("regressor", tmp_path)
    assert package(tmp_path).sha256 == package(made["regressor"]).sha256


def test_a_weak_model_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Below the quality that it must have, nothing is left behind."""
    strict = replace(train.CONFIGS["regressor"], minimum_quality=0.9999)
    monkeypatch.setitem(train.CONFIGS, "regressor", strict)
    with pytest.raises(TooWeak, match="R²"):
        build("regressor", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    """What the operator must know is the last line, not a stack trace."""
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit, match=r"file") as raised:
        main(["regressor", "--output", str(tmp_path / "file")])
    assert "\n" not in str(raised.value)
