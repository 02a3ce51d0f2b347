"""Where a model runs: in worker processes, in threads of the server, or on its event loop."""

from enum import StrEnum
from typing import Literal

from inference.backend import ModelInfo
from inference.manifest import Manifest

INLINE_SECONDS = 0.001  # about what handing a batch to a thread and back takes under load

Inline = Literal["auto", "always", "never"]


class InferenceMode(StrEnum):
    """The label `mode` of the metric `inference_mode_info`."""

    WORKER_PROCESSES = "worker_processes"
    THREADS = "threads"
    EVENT_LOOP = "event_loop"


def runs_in_worker_processes(manifest: Manifest, device: str) -> bool:
    """Tell whether a model runs in worker processes: images on a CPU.

    Rows are too small to send them anywhere, and a GPU would need its memory once for each process.
    """
    return manifest.input == "image" and device == "cpu"


def choose_mode(info: ModelInfo, device: str, inline: Inline) -> InferenceMode:
    """Return the mode of a loaded model; `inline` is the setting INLINE_INFERENCE, which concerns rows only.

    "auto" takes the event loop for a model whose full batch takes less than INLINE_SECONDS.
    """
    if runs_in_worker_processes(info.manifest, device):
        return InferenceMode.WORKER_PROCESSES
    is_inline = inline == "always" or (inline == "auto" and info.batch_seconds < INLINE_SECONDS)
    if info.manifest.input == "tensor" and is_inline:
        return InferenceMode.EVENT_LOOP
    return InferenceMode.THREADS
