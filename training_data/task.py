"""What a model learns: which inputs it takes, and what it says of them."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Literal, Self

from inference.manifest import Manifest


@dataclass(frozen=True)
class Task:
    """Inputs and answers of a model: images or rows of `features`, and `classes`; none of a regressor."""

    kind: Literal["image", "row"]
    features: tuple[str, ...]
    classes: tuple[str, ...]

    @classmethod
    def of(cls, manifest: Manifest) -> Self:
        """Return what the model of a package learns."""
        if manifest.tensor is None:
            return cls("image", (), manifest.classes)
        return cls("row", manifest.tensor.features, manifest.classes)

    @property
    def key(self) -> str:
        """Return the name of the folder of its data: records of another task never come among them."""
        digest = hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()
        return f"{self.kind}-{digest[:12]}"
