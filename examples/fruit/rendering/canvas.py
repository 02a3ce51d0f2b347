"""Put things into a picture: a canvas is linear light, (3, height, width)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from examples.fruit.rendering.surfaces import Surface

Canvas = NDArray[np.float32]
Mask = NDArray[np.float32]
Point = tuple[float, float]

FINENESS = 2  # masks are drawn this much larger and scaled down: smooth edges


def cover(canvas: Canvas, surface: Surface, colour: Canvas) -> None:
    """Paint a shaded surface over the canvas."""
    part, alpha = canvas[:, *surface.window], surface.alpha
    part += alpha * (colour - part)


def blend(canvas: Canvas, mask: Mask, colour: Canvas) -> None:
    """Paint a colour, (3, 1, 1) or (3, h, w), over the canvas where the mask (h, w) says."""
    rows, columns = _extent(mask)
    part = canvas[:, rows, columns]
    part += mask[rows, columns] * (np.broadcast_to(colour, canvas.shape)[:, rows, columns] - part)


def dim(canvas: Canvas, mask: Mask, strength: float) -> None:
    """Darken the canvas under a mask (h, w): a shadow."""
    rows, columns = _extent(mask)
    canvas[:, rows, columns] *= 1 - np.float32(strength) * mask[rows, columns]


def polygon(shape: tuple[int, int], points: Sequence[Point]) -> Mask:
    """Return the mask of a filled outline."""
    picture = Image.new("L", (shape[1] * FINENESS, shape[0] * FINENESS))
    ImageDraw.Draw(picture).polygon([(x * FINENESS, y * FINENESS) for x, y in points], fill=255)
    return _scaled_down(picture)


def stroke(shape: tuple[int, int], points: Sequence[Point], width: float) -> Mask:
    """Return the mask of a line through the points."""
    picture = Image.new("L", (shape[1] * FINENESS, shape[0] * FINENESS))
    path = [(x * FINENESS, y * FINENESS) for x, y in points]
    ImageDraw.Draw(picture).line(path, fill=255, width=max(round(width * FINENESS), 1), joint="curve")
    return _scaled_down(picture)


def blurred(mask: Mask, radius: float) -> Mask:
    """Return the mask with soft edges."""
    picture = Image.fromarray((np.clip(mask, 0, 1) * 255).astype(np.uint8))
    return np.asarray(picture.filter(ImageFilter.GaussianBlur(radius)), np.float32) / np.float32(255)


def ellipse(shape: tuple[int, int], centre: Point, radii: Point) -> Mask:
    """Return the mask of an upright ellipse that fades from its centre to its edge."""
    across = (np.arange(shape[1], dtype=np.float32) - np.float32(centre[0])) / np.float32(radii[0])
    down = (np.arange(shape[0], dtype=np.float32) - np.float32(centre[1])) / np.float32(radii[1])
    return np.clip(1 - across[None, :] ** 2 - down[:, None] ** 2, 0, 1)


def curve(start: Point, bend: Point, end: Point, count: int = 12) -> list[Point]:
    """Return the points of a quadratic Bézier curve."""
    points = []
    for step in range(count):
        t = step / (count - 1)
        first, second, third = (1 - t) ** 2, 2 * t * (1 - t), t * t
        points.append(
            (
                first * start[0] + second * bend[0] + third * end[0],
                first * start[1] + second * bend[1] + third * end[1],
            )
        )
    return points


def _extent(mask: Mask) -> tuple[slice, slice]:
    """Return the part of the picture that the mask touches: most masks are small."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return slice(0, 0), slice(0, 0)
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _scaled_down(picture: Image.Image) -> Mask:
    small = picture.reduce(FINENESS)
    return np.asarray(small, np.float32) / np.float32(255)
