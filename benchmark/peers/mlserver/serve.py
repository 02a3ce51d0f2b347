"""Write MLServer's two settings files and become `mlserver start`."""

import json
import os
import sys
from pathlib import Path


def main() -> None:
    """Serve on PORT until told to stop; PORT + 1 and PORT + 2 are gRPC's and the metrics'."""
    folder, port = Path(os.environ["WORK_FOLDER"]), int(os.environ["PORT"])
    settings = {
        "host": "127.0.0.1",
        "http_port": port,
        "grpc_port": port + 1,
        "metrics_port": port + 2,
        "debug": False,
        "parallel_workers": int(os.environ["WORKERS"]),
        "environments_dir": str(folder),
        "metrics_dir": str(folder),
    }
    model = {
        "name": "fruit",
        "implementation": "benchmark.peers.mlserver.runtime.ImageRuntime",
        "max_batch_size": int(os.environ["BATCH_SIZE"]),
        "max_batch_time": float(os.environ["BATCH_SECONDS"]),
        "inputs": [{"name": "image", "datatype": "BYTES", "shape": [-1, 1]}],
    }
    (folder / "settings.json").write_text(json.dumps(settings))
    (folder / "model-settings.json").write_text(json.dumps(model))
    program = str(Path(sys.executable).with_name("mlserver"))
    os.execve(program, [program, "start", str(folder)], {**os.environ, "PYTHONPATH": os.getcwd()})  # noqa: S606, PTH109


if __name__ == "__main__":
    main()
