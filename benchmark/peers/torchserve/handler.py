"""TorchServe's handler: a batch of JSON rows in, one number for each out."""

from typing import Any

import torch
from ts.torch_handler.base_handler import BaseHandler  # type: ignore[import-not-found]


class RegressorHandler(BaseHandler):  # type: ignore[misc]
    """Leaves loading to the base; TorchServe has put the batch together."""

    def preprocess(self, data: list[dict[str, Any]]) -> torch.Tensor:
        """Turn the requests' JSON bodies into one tensor."""
        return torch.tensor([row["body"]["data"] for row in data], dtype=torch.float32, device=self.device)

    def postprocess(self, data: torch.Tensor) -> list[dict[str, float]]:
        """Give every request its number."""
        return [{"output": value} for (value,) in data.tolist()]
