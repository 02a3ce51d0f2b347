"""What every painter of a thing needs to know about the picture that it paints in."""

from dataclasses import dataclass

import numpy as np

from examples.fruit.rendering.canvas import Canvas
from examples.fruit.rendering.lighting import Light


@dataclass(frozen=True, eq=False)
class Scene:
    """A picture in the making: its canvas, its light, and the chance that decides all else."""

    canvas: Canvas
    light: Light
    rng: np.random.Generator

    @property
    def shape(self) -> tuple[int, int]:
        """Return the picture's height and width."""
        height, width = self.canvas.shape[1:]
        return height, width
