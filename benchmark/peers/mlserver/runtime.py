"""An MLServer runtime: a batch of images in, a label and a probability for each out."""

import numpy as np
from mlserver import MLModel  # type: ignore[import-not-found]
from mlserver.codecs import (  # type: ignore[import-not-found]
    Base64Codec,
    NumpyCodec,
    StringCodec,
)
from mlserver.types import InferenceRequest, InferenceResponse  # type: ignore[import-not-found]

from benchmark.network import peer_network


class ImageRuntime(MLModel):  # type: ignore[misc]
    """Decodes and classifies what MLServer's adaptive batching has put together."""

    async def load(self) -> bool:
        """Load the network in each of the workers."""
        self.network = peer_network()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Answer a batch."""
        images = Base64Codec.decode_input(payload.inputs[0])
        answers = self.network.classify([self.network.prepare(image) for image in images])
        probabilities = np.array([[answer.probability] for answer in answers], dtype=np.float32)
        return InferenceResponse(
            model_name=self.name,
            outputs=[
                StringCodec.encode_output("likely_class", [answer.label for answer in answers]),
                NumpyCodec.encode_output("probability", probabilities),
            ],
        )
