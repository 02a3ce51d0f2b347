"""The steps that need PyTorch: `python -m retraining.learning STEP FOLDER`, a process of its own each."""

import os
import sys
from dataclasses import dataclass

from retraining.processes import Processes, ProcessFailed
from retraining.runs.folder import Runs
from retraining.runs.run import Run
from retraining.runs.running import Done


@dataclass(frozen=True)
class Learn:
    """One of them; `makes` is the file that is there when it is done."""

    runs: Runs
    processes: Processes
    step: str
    makes: str
    seconds: float
    memory_mib: int
    python: str = sys.executable

    def __call__(self, run: Run) -> Done:
        """Do it, unless it was done; raises ProcessFailed, or NotNow where this program ends."""
        folder = self.runs.path(run.id)
        made = folder / self.makes
        if not made.exists():
            command = [self.python, "-m", "retraining.learning", self.step, str(folder)]
            command += ["--memory-mib", str(self.memory_mib), "--parent", str(os.getpid())]
            self.processes.run(command, folder / f"{self.step}.log", self.seconds)
        if not made.exists():
            raise ProcessFailed(f"it has not made {self.makes}")
        return Done({})
