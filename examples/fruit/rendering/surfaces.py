"""Find where the rays of a camera meet a round body, by sphere tracing.

A body is star-shaped around its centre and turns around an axis, so one function says all: its radius in the
direction that stands at cosine `c` to the axis.
Axes: x to the right, y down (as in a picture), z towards the viewer.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Point = tuple[float, float]

STEPS = 9
CAUTION = np.float32(0.85)  # a dimple's radius falls faster than a ball's: full steps would jump past it
GRAZING = np.float32(0.3)  # rays that pass by at a flat angle take longer steps, up to 1 / GRAZING
GIRTH = 1.12  # no body is wider than this across its axis
SLOPE = np.float32(1e-2)


@dataclass(frozen=True, eq=False)
class Body:
    """A body of about one unit's radius: its axis (3,), its radius by cosine, its reach along the axis."""

    axis: Floats
    profile: Callable[[Floats], Floats]
    reach: float


@dataclass(frozen=True, eq=False)
class Surface:
    """The visible side of a body, over the picture's `window`: what a pixel of it sees."""

    window: tuple[slice, slice]
    alpha: Floats  # (h, w) how much of the pixel the body covers
    normal: Floats  # (3, h, w) unit vectors
    along: Floats  # (h, w) -1..1, cosine to the axis
    around: Floats  # (h, w) 0..1, turn around the axis


def dot(vectors: Floats, one: Floats) -> Floats:
    """Return the scalar products (h, w) of (3, h, w) with (3,); `@` would wake the threads of BLAS."""
    products: Floats = vectors[0] * one[0] + vectors[1] * one[1] + vectors[2] * one[2]
    return products


def unit(vectors: Floats) -> Floats:
    """Return vectors (3, …) at length one."""
    x, y, z = vectors
    scaled: Floats = vectors / np.sqrt(x * x + y * y + z * z)
    return scaled


def trace(shape: tuple[int, int], centre: Point, size: float, body: Body) -> Surface:
    """Return the visible surface of a body whose unit is `size` pixels."""
    along_axis = (abs(float(part)) for part in body.axis[:2])
    reach_x, reach_y = (size * (GIRTH + (body.reach - GIRTH) * part) for part in along_axis)
    window, across, down = rays(shape, centre, (reach_x, reach_y))
    x, y = np.broadcast_arrays(across * np.float32(1 / size), down * np.float32(1 / size))
    flat, plane = x * x + y * y, x * body.axis[0] + y * body.axis[1]
    z = np.sqrt(np.maximum(np.float32(body.reach**2) - flat, 0))
    nearest = np.full_like(z, np.inf)
    for _ in range(STEPS):
        radius = np.sqrt(flat + z * z) + np.float32(1e-6)
        cosine = (plane + z * body.axis[2]) / radius
        gap = radius - body.profile(cosine)
        nearest = np.minimum(nearest, gap)
        z = z - CAUTION * gap / np.maximum(z / radius, GRAZING)
    points = np.stack([x, y, z])
    alpha = (1 - nearest * np.float32(size)).clip(0, 1)
    return Surface(
        window, alpha, _normals(points / radius, radius, cosine, body), cosine, _turn(points, body.axis)
    )


def sphere(shape: tuple[int, int], centre: Point, size: float) -> Surface:
    """Return a ball's visible surface: the same answer as `trace`, in closed form."""
    window, across, down = rays(shape, centre, (size + 1, size + 1))
    x, y = np.broadcast_arrays(across * np.float32(1 / size), down * np.float32(1 / size))
    squared = x * x + y * y
    alpha = ((1 - np.sqrt(squared)) * np.float32(size) + np.float32(0.5)).clip(0, 1)
    z = np.sqrt(np.maximum(1 - squared, np.float32(1e-4)))
    return Surface(window, alpha, np.stack([x, y, z]), -y, x)


def rays(shape: tuple[int, int], centre: Point, reach: Point) -> tuple[tuple[slice, slice], Floats, Floats]:
    """Return the picture's window that reaches so far around `centre`, and its pixels' offsets from there."""
    (x, y), (far_x, far_y) = centre, reach
    rows = slice(max(int(y - far_y), 0), max(min(int(y + far_y) + 2, shape[0]), 0))
    columns = slice(max(int(x - far_x), 0), max(min(int(x + far_x) + 2, shape[1]), 0))
    across = np.arange(columns.start, columns.stop, dtype=np.float32) - np.float32(x)
    down = np.arange(rows.start, rows.stop, dtype=np.float32) - np.float32(y)
    return (rows, columns), across[None, :], down[:, None]


def _normals(outward: Floats, radius: Floats, cosine: Floats, body: Body) -> Floats:
    """Return the unit gradients of |p| - profile(cosine)."""
    slope = (body.profile(cosine + SLOPE) - body.profile(cosine - SLOPE)) / (2 * SLOPE)
    return unit(outward - slope / radius * (body.axis.reshape(3, 1, 1) - cosine * outward))


def _turn(points: Floats, axis: Floats) -> Floats:
    """Return how far around the axis each point stands, 0..1."""
    other = np.array([0, 0, 1] if abs(axis[2]) < 0.9 else [1, 0, 0], np.float32)
    first = unit(np.cross(axis, other))
    second = np.cross(axis, first)
    turn = np.arctan2(dot(points, second), dot(points, first))
    return (turn * np.float32(0.5 / np.pi)) % 1
