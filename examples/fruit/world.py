"""The world of fruit: photographs, on which with drift the evening falls."""

import io

import numpy as np

from examples.fruit.image_set import CLASSES, JPEG_QUALITY
from examples.fruit.rendering.composition import render
from examples.world import LabelledExample


class FruitWorld:
    """Draws photographs: without drift as the model was trained on, with all of it by a street lamp."""

    name = "fruit"
    classes = CLASSES

    def draw(self, rng: np.random.Generator, drift: float) -> LabelledExample:
        """Return a photograph as a JPEG file, in some 12 ms."""
        label = CLASSES[int(rng.integers(len(CLASSES)))]
        file = io.BytesIO()
        render(label, rng, evening_share=drift).save(file, "JPEG", quality=JPEG_QUALITY)
        return LabelledExample("image/jpeg", file.getvalue(), label)
