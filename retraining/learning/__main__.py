"""`python -m retraining.learning inspect|fit|predict|pack FOLDER`: one step of a run, in its own process."""

import argparse
import os
import resource
from pathlib import Path

import torch

from retraining.learning.fitting import fit
from retraining.learning.inspecting import inspect
from retraining.learning.judging import predict
from retraining.learning.packing import pack
from retraining.learning.work import Folder
from service.background import give_way

STEPS = {"inspect": inspect, "fit": fit, "predict": predict, "pack": pack}
MIB = 2**20


def main() -> None:
    """Do the step, within the bounds that are told."""
    parser = argparse.ArgumentParser(prog="python -m retraining.learning", description=__doc__)
    parser.add_argument("step", choices=STEPS)
    parser.add_argument("folder", type=Path, help="the run's folder")
    parser.add_argument("--memory-mib", type=int, default=2048, help="of data (default: %(default)s)")
    parser.add_argument("--parent", type=int, help="the process with which this one ends")
    options = parser.parse_args()
    give_way()
    if options.parent not in (None, os.getppid()):
        raise SystemExit("its parent has ended while it began: another one may do the same step by now")
    resource.setrlimit(resource.RLIMIT_DATA, (options.memory_mib * MIB,) * 2)
    torch.set_num_threads(1)
    STEPS[options.step](Folder(options.folder))


if __name__ == "__main__":
    main()
