"""Where the plain processes keep things: below .local/, but for what must be short or shared."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Paths:
    """The folders of one clone of the project."""

    project: Path = PROJECT

    @property
    def environments(self) -> Path:
        """Return the folder of virtual environments."""
        return self.project / ".local" / "environments"

    @property
    def run(self) -> Path:
        """Return the folder of rendered configuration."""
        return self.project / ".local" / "run"

    @property
    def data(self) -> Path:
        """Return the folder of what outlives a restart: the database's and Prometheus' files."""
        return self.project / ".local" / "data"

    @property
    def logs(self) -> Path:
        """Return the folder of one log file per program."""
        return self.project / ".local" / "logs"

    @property
    def nginx_test_log(self) -> Path:
        """Return nginx's access log of test traffic; all else is in nginx.log."""
        return self.logs / "nginx_test.log"

    @property
    def temporary(self) -> Path:
        """Return this clone's folder for sockets (their paths must be short) and nginx's temporary files."""
        clone = hashlib.sha256(str(self.project).encode()).hexdigest()[:8]
        return Path(tempfile.gettempdir()) / f"serving-stack-{os.getuid()}-{clone}"

    @property
    def supervisor_socket(self) -> Path:
        """Return the socket at which supervisord takes commands while it runs."""
        return self.temporary / "supervisor.sock"

    def python(self, environment: str) -> Path:
        """Return the interpreter of a virtual environment."""
        return self.environments / environment / "bin" / "python"
