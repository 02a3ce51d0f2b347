"""Load the model package into the backend that fits it: worker processes, or PyTorch in this process."""

from collections.abc import Callable

from inference.backend import Backend, BackendSettings
from inference.manifest import Manifest, read_manifest, weights_bytes
from model_server.batching.inference_mode import runs_in_worker_processes
from model_server.memory_needs import MemorySettings, check_memory
from model_server.settings import ModelServerSettings
from model_server.worker_pool.pool import WorkerPool
from model_server.worker_pool.zygote import Zygote
from service.cpu_quota import available_cpus
from service.memory_limit import available_memory


def load_backend(
    settings: ModelServerSettings,
    zygote: Zygote,
    *,
    on_worker_lost: Callable[[str], None],
    on_lost: Callable[[], None],
) -> Backend:
    """Verify, load and warm up what the package's folder holds now; what is called, WorkerPool says.

    Raises:
        BadModelPackage: it cannot be served.
        TooLittleMemory: an image model's, with the sum of what it needs.
    """
    manifest = read_manifest(settings.model_package)
    if runs_in_worker_processes(manifest, settings.device):
        check_memory(memory_settings(settings, manifest), available_memory())
        count = parallel_batches(settings)
        chosen = backend_settings(settings)
        return WorkerPool(chosen, count, zygote, on_worker_lost=on_worker_lost, on_lost=on_lost)
    from inference import torch_backend  # noqa: PLC0415 - with PyTorch, which else only the workers need

    return torch_backend.load_torch_backend(backend_settings(settings))


def backend_settings(settings: ModelServerSettings) -> BackendSettings:
    """Return what of the settings concerns the backend."""
    return BackendSettings(
        settings.model_package,
        settings.device,
        settings.torch_threads,
        settings.batch_max_size,
        settings.max_image_pixels,
        settings.image_formats,
        settings.image_seconds,
    )


def memory_settings(settings: ModelServerSettings, manifest: Manifest) -> MemorySettings:
    """Return what an image model's need of memory follows from."""
    return MemorySettings(
        settings.max_image_pixels,
        settings.max_body_bytes,
        settings.queue_size,
        settings.batch_max_size,
        parallel_batches(settings),
        manifest.image_input.size,
        weights_bytes(settings.model_package, manifest),
    )


def parallel_batches(settings: ModelServerSettings) -> int:
    """Return how many batches run side by side: all their threads together are no more than the CPUs."""
    return max(1, (settings.cpu_threads or available_cpus()) // settings.torch_threads)
