"""Load the model package into the backend that fits it: worker processes, or PyTorch in this process."""

from collections.abc import Callable

from inference.backend import Backend, BackendSettings
from inference.manifest import read_manifest
from model_server.batching.inference_mode import runs_in_worker_processes
from model_server.settings import ModelServerSettings
from model_server.worker_pool.pool import WorkerPool
from service.cpu_quota import available_cpus


def load_backend(settings: ModelServerSettings, on_worker_lost: Callable[[], None]) -> Backend:
    """Verify, load and warm up what the package's folder holds now; `on_worker_lost` as for WorkerPool.

    Raises:
        BadModelPackage: it cannot be served.
    """
    backend_settings = BackendSettings(
        settings.model_package,
        settings.device,
        settings.torch_threads,
        settings.batch_max_size,
        settings.max_image_pixels,
    )
    if runs_in_worker_processes(read_manifest(settings.model_package), settings.device):
        return WorkerPool(backend_settings, parallel_batches(settings), on_worker_lost)
    from inference import torch_backend  # noqa: PLC0415 - with PyTorch, which else only the workers need

    return torch_backend.load_torch_backend(backend_settings)


def parallel_batches(settings: ModelServerSettings) -> int:
    """Return how many batches run side by side: all their threads together are no more than the CPUs."""
    return max(1, (settings.cpu_threads or available_cpus()) // settings.torch_threads)
