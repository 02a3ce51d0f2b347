"""LitServe with the same network: raw image bytes in, batched predictions out."""

import os
from typing import Annotated, Any

import litserve  # type: ignore[import-not-found]
from fastapi import Body
from numpy.typing import NDArray

from benchmark.network import Classification, peer_network


class ImageAPI(litserve.LitAPI):  # type: ignore[misc]
    """LitServe's four steps."""

    def setup(self, device: str) -> None:  # noqa: ARG002 - LitServe's signature
        """Load the network in each of the workers."""
        self.network = peer_network()

    def decode_request(self, request: Annotated[bytes, Body(media_type="image/jpeg")]) -> NDArray[Any]:
        """Decode one upload."""
        return self.network.prepare(request)

    def batch(self, inputs: list[NDArray[Any]]) -> list[NDArray[Any]]:
        """Leave the batch to the network, which stacks it."""
        return inputs

    def predict(self, x: list[NDArray[Any]]) -> list[Classification]:
        """Classify a batch."""
        return self.network.classify(x)

    def unbatch(self, output: list[Classification]) -> list[Classification]:
        """Give every request its answer."""
        return output

    def encode_response(self, output: Classification) -> dict[str, Any]:
        """Write one answer."""
        return {"likely_class": output.label, "probability": output.probability}


if __name__ == "__main__":
    api = ImageAPI(
        max_batch_size=int(os.environ["BATCH_SIZE"]), batch_timeout=float(os.environ["BATCH_SECONDS"])
    )
    server = litserve.LitServer(
        api,
        accelerator="cpu",
        workers_per_device=int(os.environ["WORKERS"]),
        fast_queue=os.environ["FAST_QUEUE"] == "true",
        timeout=60,
    )
    server.run(
        host="127.0.0.1",
        port=int(os.environ["PORT"]),
        num_api_servers=int(os.environ["API_SERVERS"]),
        generate_client_file=False,
        log_level="warning",
        access_log=False,
    )
