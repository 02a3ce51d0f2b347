"""Both detectors, each in the environment made for it, on the same reference and batches."""

import json
import math
import os
import subprocess
from collections.abc import Iterator

import numpy as np
import pytest

from tests.integration.detector_program import DetectorProgram, package_settings
from tests.integration.server_program import ROOT

WIDTH, PERMUTATIONS = 8, 1000
BOTH_WAYS = """
import json
import numpy as np
import torch
from alibi_detect.cd.pytorch import mmd
from drift_detector_server.detectors.alibi import Alibi
from drift_detector_server.detectors.detector import most_reached, seed_of
numbers = np.random.default_rng(0)
reference, batch = (numbers.normal(size=(rows, 8)).astype(np.float32) for rows in (60, 20))
plain = mmd.MMDDriftTorch(reference, n_permutations=200, device="cpu")
plain.p_val = (most_reached(0.05, 200) + 0.5) / 200
torch.manual_seed(seed_of(batch))
share, distance, threshold = plain.score(batch)
ours = Alibi(reference, 200).score(batch, 0.05)
print(json.dumps([(1 + 200 * share) / 201, distance, threshold]))
print(json.dumps([ours.p_value, ours.distance, ours.threshold]))
"""
ALIBI_PYTHON = os.environ.get(
    "DETECTOR_PYTHON", str(ROOT / ".local/environments/drift_detector_server/bin/python")
)


@pytest.fixture(scope="module")
def detectors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[DetectorProgram, DetectorProgram]]:
    """Give both programs, ready, with one reference."""
    folder = tmp_path_factory.mktemp("agree")
    settings: dict[str, object] = {
        **package_settings(folder, 200, WIDTH),
        "PERMUTATIONS": PERMUTATIONS,
        "MONGODB_URI": "mongodb://127.0.0.1:1/drift_detection",
    }
    mmd = DetectorProgram(folder / "mmd.log", settings | {"DETECTOR": "mmd"})
    alibi = DetectorProgram(folder / "alibi.log", settings | {"DETECTOR": "alibi"}, ALIBI_PYTHON)
    for program in (alibi, mmd):
        program.start()
    for program in (alibi, mmd):
        program.wait_until_ready()
    yield mmd, alibi
    for program in (alibi, mmd):
        program.kill()


@pytest.mark.parametrize("shift", [0.0, 0.1, 0.15, 0.2, 0.3, 1.0])
@pytest.mark.parametrize("rows", [20, 100])
def test_distance_and_p_value_agree(
    detectors: tuple[DetectorProgram, DetectorProgram], rows: int, shift: float
) -> None:
    """The distances are equal to 1e-4, the p-values as far as two draws of permutations can be."""
    batch = np.random.default_rng(rows).normal(size=(rows, WIDTH)).astype(np.float32) + np.float32(shift)
    ours, theirs = [one.post("/driftdetect", {"batch": batch.tolist()}).json() for one in detectors]
    assert ours["distance"] == pytest.approx(theirs["distance"], rel=1e-4, abs=1e-4)
    p = (ours["p_value"] + theirs["p_value"]) / 2
    assert abs(ours["p_value"] - theirs["p_value"]) <= 4 * math.sqrt(2 * p * (1 - p) / PERMUTATIONS)
    assert ours["threshold"] == pytest.approx(theirs["threshold"], rel=0.2)
    assert (ours["n"], theirs["n"]) == (rows, rows)


def test_alibi_says_the_same_twice_and_nothing_in_the_log(
    detectors: tuple[DetectorProgram, DetectorProgram],
) -> None:
    """The same batch gets the same score, and the library's own talk stays out of our JSON lines."""
    alibi = detectors[1]
    body = {"batch": np.random.default_rng(3).normal(size=(30, WIDTH)).tolist()}
    assert alibi.post("/driftdetect", body).json() == alibi.post("/driftdetect", body).json()
    assert {line["logger"].split(".")[0] for line in alibi.lines()} <= {"drift_detector_server", "uvicorn"}


def test_permutations_without_copies_are_alibis_own() -> None:
    """With the same seed alibi-detect gives the same numbers as with its own, slower permutations."""
    command = [ALIBI_PYTHON, "-W", "ignore", "-c", BOTH_WAYS]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    plain, ours = map(json.loads, done.stdout.splitlines()[-2:])
    assert ours == pytest.approx(plain, rel=1e-3, abs=1e-5)
