"""A BentoML service with the same network and adaptive batching."""

from __future__ import annotations

import os
from typing import Any

import bentoml  # type: ignore[import-not-found]
from PIL import Image

from benchmark.network import peer_network


@bentoml.service(
    workers=int(os.environ.get("WORKERS", "1")),
    traffic={"timeout": 60},
    logging={"access": {"enabled": False}},
)
class Fruit:
    """Classifies the images that the dispatcher has put together."""

    def __init__(self) -> None:
        """Load the network in each of the workers."""
        self.network = peer_network()

    @bentoml.api(  # type: ignore[untyped-decorator]
        batchable=True,
        max_batch_size=int(os.environ.get("BATCH_SIZE", "16")),
        max_latency_ms=int(os.environ.get("LATENCY_MILLISECONDS", "10000")),
    )
    def predict(self, images: list[Image.Image]) -> list[dict[str, Any]]:
        """Answer a batch; the images come opened but not decoded: that is the network's part."""
        answers = self.network.classify([self.network.prepare(_bytes(image)) for image in images])
        return [{"likely_class": answer.label, "probability": answer.probability} for answer in answers]


def _bytes(image: Image.Image) -> bytes:
    file: Any = getattr(image, "fp")  # noqa: B009 - Pillow declares no type for it
    file.seek(0)
    data: bytes = file.read()
    return data
