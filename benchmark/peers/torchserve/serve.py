"""Archive the regressor, write TorchServe's settings, and become `torchserve` in the foreground."""

import json
import os
import subprocess
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file

HERE = Path(__file__).parent


def main() -> None:
    """Serve on PORT until told to stop; PORT + 1 to PORT + 4 are management, metrics and gRPC."""
    folder = Path(os.environ["WORK_FOLDER"])
    archive(Path(os.environ["MODEL_PACKAGE"]), folder)
    (folder / "config.properties").write_text(properties(folder, int(os.environ["PORT"])))
    words = ["--start", "--foreground", "--disable-token-auth", "--ncs", "--model-store", str(folder)]
    command = [str(Path(sys.executable).with_name("torchserve")), *words]
    # TorchServe starts its workers with the `python` of the PATH, and keeps its pid file in TMPDIR.
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {"PATH": path, "TMPDIR": str(folder), "LOG_LOCATION": str(folder / "logs")}
    os.chdir(folder)
    os.execve(  # noqa: S606 - no shell is wanted
        command[0], [*command, "--ts-config", "config.properties"], {**os.environ, **environment}
    )


def archive(package: Path, folder: Path) -> None:
    """Write regressor.mar with the weights of the model package."""
    torch.save(load_file(package / "artifacts" / "weights.safetensors"), folder / "weights.pt")
    archiver = str(Path(sys.executable).with_name("torch-model-archiver"))
    files = ["--model-file", str(HERE / "model.py"), "--handler", str(HERE / "handler.py")]
    name = ["--model-name", "regressor", "--version", "1", "--serialized-file", str(folder / "weights.pt")]
    subprocess.run([archiver, *name, *files, "--export-path", str(folder), "--force"], check=True)  # noqa: S603


def properties(folder: Path, port: int) -> str:
    """Return config.properties."""
    model = {
        "defaultVersion": True,
        "marName": "regressor.mar",
        "minWorkers": int(os.environ["WORKERS"]),
        "maxWorkers": int(os.environ["WORKERS"]),
        "batchSize": int(os.environ["BATCH_SIZE"]),
        "maxBatchDelay": int(os.environ["BATCH_MILLISECONDS"]),
        "responseTimeout": 60,
    }
    names = ("inference_address", "management_address", "metrics_address")
    addresses = [f"{name}=http://127.0.0.1:{port + number}" for number, name in enumerate(names)]
    return "\n".join(
        [
            *addresses,
            f"grpc_inference_port={port + 3}",
            f"grpc_management_port={port + 4}",
            "load_models=regressor.mar",
            f"models={json.dumps({'regressor': {'1': model}})}",
            f"model_store={folder}",
            f"job_queue_size={os.environ['JOB_QUEUE_SIZE']}",
            "async_logging=true",
            "disable_token_authorization=true",
            "",
        ]
    )


if __name__ == "__main__":
    main()
