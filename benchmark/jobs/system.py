"""The programs under test: a database, RabbitMQ, a job server, workers, and a model server beside them."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import psutil

from benchmark.running import Running
from benchmark.systems import Server
from service.slots import STABLE
from stack.paths import Paths
from stack.plain.addresses import Replica
from stack.plain.model_servers import model_server
from stack.plain.mongodb import mongodb
from stack.plain.probes import http_complaint, mongodb_complaint, workers_complaint
from stack.plain.program import Program
from stack.plain.rabbitmq import end_epmd, rabbitmq
from stack.ports import free_ports

HOST = "127.0.0.1"
MONGODB, BROKER, BROKER_PARTS, BROKER_METRICS, JOBS, ONLINE, RELOADING = 0, 1, 2, 4, 5, 6, 7
PORTS = 8


class JobSystem:
    """Programs that can be started and stopped one by one, all in one folder and on free ports."""

    def __init__(self, paths: Paths, folder: Path, package: Path, cores: int) -> None:
        folder.mkdir(parents=True)
        self._paths, self._folder, self._package, self._cores = paths, folder, package, cores
        self._port = free_ports(PORTS)
        self._stack = ExitStack()
        self.started: dict[str, Running] = {}

    @property
    def url(self) -> str:
        """Return the job server's address."""
        return f"http://{HOST}:{self._port + JOBS}"

    @property
    def predict_url(self) -> str:
        """Return where the model server takes one image."""
        return f"http://{HOST}:{self._port + ONLINE}/predict"

    def start(self, *names: str) -> None:
        """Start programs, each ready before the next: `mongodb`, `rabbitmq`, `worker_2` and so on."""
        for name in names:
            running = Running(self._server(name), self._folder)
            self._stack.callback(running.stop)
            running.wait_until_ready()
            self.started[name] = running

    def stop(self, *names: str) -> None:
        """Stop programs."""
        for name in names:
            self.started.pop(name).stop()

    def kill(self, name: str) -> None:
        """SIGKILL a program and all that it has started."""
        for one in self.started.pop(name).processes():
            with suppress(psutil.NoSuchProcess):
                one.kill()

    def kill_child(self, name: str) -> None:
        """SIGKILL what a program has started, and not itself; nothing where there is none now."""
        for one in self.started[name].processes()[1:]:
            with suppress(psutil.NoSuchProcess):
                one.kill()

    def stop_all(self) -> None:
        """Stop whatever runs, the last one first, and the daemon that outlives RabbitMQ."""
        self._stack.close()
        end_epmd(self._port + BROKER_PARTS + 1)

    def _server(self, name: str) -> Server:
        port, listens = self._port, partial(http_complaint, f"{self.url}/readyz")
        metrics = f"http://{HOST}:{port + BROKER_METRICS}/metrics"
        match name.partition("_")[0]:
            case "mongodb":
                files = {
                    "database": self._folder / "mongodb.db",
                    "pid": self._folder / "mongodb.pid",
                    "log": self._folder / "nx.log",
                }
                database = mongodb(self._paths, HOST, port + MONGODB, **files)
                return Server(database, partial(mongodb_complaint, HOST, port + MONGODB))
            case "rabbitmq":
                broker = rabbitmq(
                    self._folder / "rabbitmq",
                    HOST,
                    port + BROKER,
                    inner_port=port + BROKER_PARTS,
                    metrics_port=port + BROKER_METRICS,
                )
                return Server(broker, partial(http_complaint, metrics))
            case "job":
                return Server(self._jobs(name, "job_server", PORT=str(port + JOBS), HOST=HOST), listens)
            case "worker":
                there = sum(one.startswith("worker") for one in self.started)
                return Server(
                    self._jobs(name, "job_server.worker"), partial(workers_complaint, metrics, there + 1)
                )
        replica = Replica(STABLE, 1, port + ONLINE, port + RELOADING)
        online = model_server(replica, self._paths.python("model_server"), self._package, str(self._cores))
        environment = {**online.environment, "MONGODB_URI": self._mongodb_uri, "SAMPLE_RATE": "1.0"}
        return Server(
            replace(online, environment=environment),
            partial(http_complaint, f"http://{replica.address}/readyz"),
        )

    def _jobs(self, name: str, module: str, **more: str) -> Program:
        environment = {
            "OPENBLAS_NUM_THREADS": "1",
            "MONGODB_URI": self._mongodb_uri,
            "RABBITMQ_URI": f"amqp://guest:guest@{HOST}:{self._port + BROKER}//",
            "MODEL_PACKAGE": str(self._package),
            "KEPT_PACKAGES": str(self._folder / "packages"),
            "SPOOL": str(self._folder / "spool"),
            "CPU_THREADS": "1",
            **more,
        }
        return Program(name, (str(self._paths.python("job_server")), "-m", module), environment)

    @property
    def _mongodb_uri(self) -> str:
        return f"mongodb://{HOST}:{self._port + MONGODB}/drift_detection"


@contextmanager
def job_system(paths: Paths, folder: Path, package: Path, cores: int) -> Iterator[JobSystem]:
    """Give a database, RabbitMQ and a job server without workers; stop all in the end."""
    system = JobSystem(paths, folder, package, cores)
    try:
        system.start("mongodb", "rabbitmq", "job_server")
        yield system
    finally:
        system.stop_all()
