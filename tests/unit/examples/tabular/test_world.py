"""The worlds of rows: as the models know them, and with drift another one."""

import json
from dataclasses import asdict

import numpy as np
import pytest

from examples.tabular import NAMES
from examples.tabular.data import FOLDER, Subset, draw, draw_with
from examples.tabular.loans.rows import CALM, INFLATION
from examples.tabular.world import RowWorld
from inference.manifest import read_manifest

LOAN, LINE = [44.148, 8.98096, 29968.9, 3037.0, 0.469965, 7244.16, 36.0, 0.0], [0.637069, 0.965872]


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_a_row_of_the_models_features(name: str) -> None:
    """A JSON object, with a label of the model's; the same seed gives the same one."""
    one, again = (RowWorld(name).draw(rng(), 0.5) for _ in range(2))
    assert one == again
    manifest = read_manifest(FOLDER / name / "model")
    row = json.loads(one.value)
    assert tuple(row) == manifest.tensor_input.features
    assert all(isinstance(value, float) for value in row.values())
    assert one.content_type == "application/json"
    assert one.label in manifest.classes if manifest.classes else np.isfinite(float(one.label))


@pytest.mark.parametrize("name", NAMES)
def test_without_drift_the_rows_are_those_of_the_training(name: str) -> None:
    """The first row of a subset is what the world draws with the subset's seed."""
    row = json.loads(RowWorld(name).draw(np.random.default_rng([7]), 0.0).value)
    expected = draw_with(name, np.random.default_rng([7]), 1).rows[0]
    assert list(row.values()) == pytest.approx(expected.tolist(), rel=1e-5)


def test_the_rows_of_the_training_stay_what_they_were() -> None:
    """Else every package made before would be another one's."""
    assert draw("loans", Subset.TRAIN, 4000).rows[0].tolist() == pytest.approx(LOAN, rel=1e-5)
    assert draw("regressor", Subset.TRAIN, 4000).rows[0].tolist() == pytest.approx(LINE, rel=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_drift_moves_the_features_and_what_follows_from_them(name: str) -> None:
    """At 1 other rows come than at 0, and a rule that was learnt before is wrong, the more the farther."""
    faults = [wrong_by_the_old_rule(name, drift) for drift in (0.0, 0.5, 1.0)]
    assert faults[1] > faults[0] * 1.1
    assert faults[2] > faults[1] * 1.1
    means = [draw_with(name, rng(2), 2000, drift).rows.mean(axis=0) for drift in (0.0, 1.0)]
    assert np.abs(means[1] / means[0] - 1).max() > 0.2


def wrong_by_the_old_rule(name: str, drift: float) -> float:
    """Return the mean error of a linear rule that was fitted without drift."""
    before, now = draw_with(name, rng(3), 4000), draw_with(name, rng(4), 4000, drift)

    def inputs(rows: np.ndarray) -> np.ndarray:
        scaled = (rows - before.rows.mean(axis=0)) / before.rows.std(axis=0)
        return np.column_stack([scaled, np.ones(len(rows))])

    weights = np.linalg.lstsq(inputs(before.rows), before.targets.astype(float), rcond=None)[0]
    return float(np.abs(inputs(now.rows) @ weights - now.targets).mean())


def test_the_regressors_line_turns() -> None:
    """From 3 x1 - 2 x2 + 1 to x1 + x2 + 1, while small values of x1 become rare."""
    for drift, (first, second) in {0.0: (3, -2), 0.5: (2, -0.5), 1.0: (1, 1)}.items():
        data = draw_with("regressor", rng(5), 4000, drift)
        expected = first * data.rows[:, 0] + second * data.rows[:, 1] + 1
        assert np.abs(expected - data.targets).mean() < 0.06
        assert data.rows[:, 0].mean() == pytest.approx(1 / (2 - drift / 2), abs=0.02)


def test_an_economy_goes_towards_another_one_in_equal_steps() -> None:
    """Half of the way is the middle of each of its numbers."""
    assert CALM.towards(INFLATION, 0) == CALM
    assert asdict(CALM.towards(INFLATION, 1)) == pytest.approx(asdict(INFLATION))
    assert CALM.towards(INFLATION, 0.5).income == pytest.approx((CALM.income + INFLATION.income) / 2)
