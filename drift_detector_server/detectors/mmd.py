"""Our MMD test: numpy only, and all permutations as one matrix product."""

import numpy as np
from numpy.typing import NDArray

from drift_detector_server.detectors.detector import Embeddings, Score, most_reached, p_value, seed_of

Matrix = NDArray[np.float64]
BLOCK = 500  # permutations per product: bounds the memory at large PERMUTATIONS


class Mmd:
    """Maximum mean discrepancy with a Gaussian kernel and a permutation test (Gretton et al., 2012).

    The kernel's bandwidth comes from the reference alone, as in alibi-detect: it is one measure for all
    windows, so that distances can be compared over time, and the reference's part of the kernel is
    computed once.
    """

    name = "mmd"

    def __init__(self, reference: Embeddings, permutations: int) -> None:
        self._permutations = permutations
        self._reference = reference.astype(np.float64)
        distances = squared_distances(self._reference, self._reference)
        self._gamma = 1 / median_distance(distances)
        self._kernel = without_diagonal(np.exp(-self._gamma * distances))

    def score(self, batch: Embeddings, p_value_threshold: float) -> Score:
        """Test the batch (n, D), n >= 2; ValueError when the permutations are too few for the threshold."""
        index = most_reached(p_value_threshold, self._permutations)
        kernel = self._joint_kernel(batch.astype(np.float64))
        distance = mmd2(kernel, last_rows(len(kernel), len(batch)))[0]
        permuted = self._permuted(kernel, len(batch), np.random.default_rng(seed_of(batch)))
        threshold = np.sort(permuted)[::-1][index]
        reached = int((permuted >= distance).sum())
        return Score(p_value(reached, self._permutations), float(distance), float(threshold))

    def _joint_kernel(self, batch: Matrix) -> Matrix:
        between = np.exp(-self._gamma * squared_distances(self._reference, batch))
        within = without_diagonal(np.exp(-self._gamma * squared_distances(batch, batch)))
        return np.block([[self._kernel, between], [between.T, within]])

    def _permuted(self, kernel: Matrix, n: int, random: np.random.Generator) -> Matrix:
        starts = range(0, self._permutations, BLOCK)
        counts = [min(BLOCK, self._permutations - start) for start in starts]
        return np.concatenate([mmd2(kernel, random_rows(len(kernel), n, count, random)) for count in counts])


def squared_distances(a: Matrix, b: Matrix) -> Matrix:
    """Return the squared Euclidean distances (len(a), len(b))."""
    distances: Matrix = (a * a).sum(1)[:, None] + (b * b).sum(1) - 2 * a @ b.T
    distances[distances < 0] = 0  # rounding
    return distances


def median_distance(distances: Matrix) -> float:
    """Return the median of a square matrix of distances without its diagonal: the bandwidth, twice sigma².

    The very element that alibi-detect 0.13 takes (`alibi_detect.utils.pytorch.kernels.sigma_median`).
    """
    n = len(distances)
    # The diagonal's n zeros are the smallest.
    middle = n + (n * n - n) // 2 - 1
    median = float(np.partition(without_diagonal(distances.copy()), middle, axis=None)[middle])
    if not 0 < median < np.inf:
        raise ValueError("at least half of its rows are alike: nothing can be measured with it")
    return median


def without_diagonal(matrix: Matrix) -> Matrix:
    """Set the diagonal to 0, in place, and return the matrix."""
    np.fill_diagonal(matrix, 0)
    return matrix


def last_rows(rows: int, n: int) -> Matrix:
    """Return the mask (1, rows) of the last n rows."""
    return (np.arange(rows) >= rows - n).astype(np.float64)[None]


def random_rows(rows: int, n: int, count: int, random: np.random.Generator) -> Matrix:
    """Return `count` masks (count, rows), each of n rows drawn without replacement."""
    chosen = np.argpartition(random.random((count, rows), dtype=np.float32), n, axis=1)[:, :n]
    masks = np.zeros((count, rows))
    np.put_along_axis(masks, chosen, 1, axis=1)
    return masks


def mmd2(kernel: Matrix, masks: Matrix) -> Matrix:
    """Return the unbiased MMD² between the rows in a mask and the others, for each mask (P, N).

    Gretton et al. (2012), "A Kernel Two-Sample Test", equation 3; the kernel (N, N) has a diagonal of 0.
    """
    n = masks[0].sum()
    m = len(kernel) - n
    inside = ((masks @ kernel) * masks).sum(1)
    between = masks @ kernel.sum(1) - inside
    outside = kernel.sum() - inside - 2 * between
    return np.asarray(inside / (n * (n - 1)) + outside / (m * (m - 1)) - 2 * between / (n * m))
