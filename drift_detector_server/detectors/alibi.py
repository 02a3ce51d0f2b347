"""alibi-detect's MMD test on PyTorch. This file alone imports alibi-detect, when DETECTOR=alibi asks for it.

alibi-detect 0.13 is under the Business Source License 1.1: free for non-production use only.
"""

import logging
import warnings
from importlib import import_module
from types import ModuleType
from typing import Any

from drift_detector_server.detectors.detector import Embeddings, Score, most_reached, p_value, seed_of


class Alibi:
    """alibi-detect's `MMDDrift`, its bandwidth from the reference alone (its default)."""

    name = "alibi"

    def __init__(self, reference: Embeddings, permutations: int) -> None:
        self._permutations = permutations
        self._torch, mmd = _import_quietly()
        _permute_without_copies(self._torch, mmd)
        # The class behind MMDDrift(backend="pytorch"), which offers no other way to its `p_val`.
        self._test = mmd.MMDDriftTorch(reference, n_permutations=permutations, device="cpu")

    def score(self, batch: Embeddings, p_value_threshold: float) -> Score:
        """Test the batch (n, D), n >= 2; ValueError when the permutations are too few for the threshold."""
        index = most_reached(p_value_threshold, self._permutations)
        # alibi-detect takes the permuted distance at int(p_val * permutations) for its threshold. The
        # half keeps rounding from moving that index, so that distance > threshold says the same as the
        # p-value.
        self._test.p_val = (index + 0.5) / self._permutations
        self._torch.manual_seed(seed_of(batch))
        share, distance, threshold = self._test.score(batch)
        # Its p-value, the share of permutations that reached the distance, can be 0 (its issue 960).
        return Score(p_value(round(share * self._permutations), self._permutations), distance, threshold)


def _import_quietly() -> tuple[ModuleType, ModuleType]:
    logging.getLogger("alibi_detect").setLevel(logging.ERROR)
    with warnings.catch_warnings():  # of its old dependencies, which nobody here can mend
        warnings.simplefilter("ignore")
        torch = import_module("torch")
        mmd = import_module("alibi_detect.cd.pytorch.mmd")
    # Small matrices: a second thread gains nothing and takes the model server's core.
    torch.set_num_threads(1)
    return torch, mmd


def _permute_without_copies(torch: ModuleType, mmd: ModuleType) -> None:
    """Let alibi-detect compute a permuted distance from sums, not from a permuted copy of the whole kernel.

    The draws and the distances stay the same. With 1000 reference rows and 500 permutations its own way takes
    5 to 10 s for a window, and its 500 pairs of 5 MB copies fragment the memory to several GB.
    """
    original = mmd.mmd2_from_kernel_matrix
    if getattr(original, "without_copies", False):
        return

    def mmd2(kernel: Any, m: int, permute: bool = False, zero_diag: bool = True) -> Any:
        if not permute or zero_diag:
            return original(kernel, m, permute=permute, zero_diag=zero_diag)
        n = len(kernel) - m
        mask = torch.zeros(len(kernel))
        mask[torch.randperm(len(kernel))[n:]] = 1
        towards_batch = (kernel @ mask).double()
        inside = (towards_batch * mask).sum()
        between = towards_batch.sum() - inside
        outside = kernel.sum(dtype=torch.float64) - inside - 2 * between
        return (inside / (m * (m - 1)) + outside / (n * (n - 1)) - 2 * between / (n * m)).item()

    mmd2.without_copies = True  # type: ignore[attr-defined]
    setattr(mmd, "mmd2_from_kernel_matrix", mmd2)  # noqa: B010 - a module has no such attribute for mypy
