"""A leaf: on a stem, or lying in the way."""

import numpy as np

from examples.fruit.rendering import canvas as paint
from examples.fruit.rendering.canvas import Point
from examples.fruit.rendering.colours import pick
from examples.fruit.rendering.scene import Scene

GREENS = [(58, 104, 38), (84, 128, 48), (44, 84, 40), (116, 140, 58), (132, 118, 52)]


def draw_leaf(scene: Scene, root: Point, length: float) -> None:
    """Paint a leaf that grows from `root`, `length` pixels long, in any direction."""
    rng, angle = scene.rng, scene.rng.uniform(0, 2 * np.pi)
    tip = (root[0] + length * np.cos(angle), root[1] + length * np.sin(angle))
    left, right = _edges(root, tip, rng.uniform(0.36, 0.64))
    blade, half = paint.polygon(scene.shape, [*left, *right]), paint.polygon(scene.shape, [*left, root])
    green = pick(rng, GREENS) * scene.light.on_flat(rng.uniform(0.3, 0.9))
    paint.dim(scene.canvas, paint.blurred(np.roll(blade, 3, axis=0), 3) * (1 - blade), 0.35)
    paint.blend(scene.canvas, blade, green)
    paint.blend(scene.canvas, half * np.float32(0.35), green * np.float32(0.6))
    midrib = paint.stroke(scene.shape, [root, tip], max(length * 0.02, 0.8))
    paint.blend(scene.canvas, midrib, green * np.float32(0.75) + np.float32(0.25))


def _edges(root: Point, tip: Point, width: float) -> tuple[list[Point], list[Point]]:
    """Return the outline of the blade: out along one side, back along the other."""
    (x, y), (along_x, along_y) = root, (tip[0] - root[0], tip[1] - root[1])
    middle_x, middle_y = x + along_x / 2, y + along_y / 2
    left = (middle_x - along_y * width, middle_y + along_x * width)
    right = (middle_x + along_y * width, middle_y - along_x * width)
    return paint.curve(root, left, tip), paint.curve(tip, right, root)
