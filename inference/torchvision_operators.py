"""Let a torchvision built for CUDA's torch be imported beside the CPU build of torch.

Such a torchvision cannot load its own operators, and `import torchvision` then fails with "operator
torchvision::nms does not exist", because it registers shape functions for operators nobody declared.
Declaring them is enough for transforms and models. Where torchvision's own operators load, this does nothing.
"""

import importlib.util
from pathlib import Path

import torch

SCHEMAS = ("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",)
QUANTIZED_SCHEMAS = ("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",)

_declared: list[torch.library.Library] = []  # a library's declarations end with the object


def declare_missing_operators() -> None:
    """Declare torchvision's operators if its compiled part does not load. Call before the import."""
    if _declared or _own_operators_load():
        return
    library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    for schema in SCHEMAS + QUANTIZED_SCHEMAS:
        library.define(schema)  # type: ignore[no-untyped-call]
    _declared.append(library)


def _own_operators_load() -> bool:
    """Try the compiled part the way torchvision itself does."""
    spec = importlib.util.find_spec("torchvision")
    folder = Path(spec.origin).parent if spec and spec.origin else None
    libraries = list(folder.glob("_C*.so")) + list(folder.glob("_C*.pyd")) if folder else []
    try:
        for path in libraries:
            torch.ops.load_library(str(path))  # type: ignore[no-untyped-call]
    except OSError:
        return False
    return bool(libraries)
