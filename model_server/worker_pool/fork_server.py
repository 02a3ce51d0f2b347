"""The process that has the model, and forks the workers; the zygote forks it.

A worker is thus there within milliseconds, and all share the weights' memory: they cannot hold different
models. It ends when the server closes its connection, however the server ended.
"""

import gc
import os
import signal
import traceback
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection

import torch

from inference.backend import BackendSettings
from inference.loaded_model import LoadedModel
from inference.manifest import BadModelPackage, refusal
from inference.package import load_model_package
from inference.torch_backend import warm_model
from model_server.worker_pool.limits import ImageLimits
from model_server.worker_pool.messages import Done, Order, receive_files
from model_server.worker_pool.worker import work
from service.allocator import give_back_freed_memory


def serve(control: Connection) -> None:
    """Load the package and fork as told; a reason to refuse it is sent back instead."""
    with suppress(EOFError, OSError):  # the server has closed, or has ended
        settings: BackendSettings = control.recv()
        try:
            model = load(settings)
        except (Exception, SystemExit) as error:  # whatever the operator's code does is the reason to show
            control.send(refusal(error))
            return
        control.send(model.info)
        gc.collect()
        give_back_freed_memory()  # the warm-up's: a worker takes its own, and this process needs none
        gc.freeze()  # what the processes share stays shared
        while True:
            control.send(obey(control.recv(), control, model, settings))


def load(settings: BackendSettings) -> LoadedModel:
    """Load the package and warm it up; with one thread, as threads do not survive a fork."""
    package = load_model_package(settings.package)
    if package.manifest.image is None:
        raise BadModelPackage("the package was changed while it was loaded: load it again")
    return warm_model(package, replace(settings, torch_threads=1))


def obey(order: Order, control: Connection, model: LoadedModel, settings: BackendSettings) -> Done:
    """End one worker and fork another; in the new one this does not return."""
    exit_code = None if order.end is None else end(order.end)
    pid = None if order.fork is None else fork(order.fork, control, model, settings)
    return Done(exit_code, pid)


def end(pid: int) -> int:
    """Kill a worker, if it lives, and return how it ended."""
    os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def fork(limits: ImageLimits, control: Connection, model: LoadedModel, settings: BackendSettings) -> int:
    """Fork a worker, which serves the first of the two files that follow the order."""
    connection, progress = receive_files(control, 2)
    pid = os.fork()
    if pid:
        os.close(connection)
        os.close(progress)
        return pid
    try:
        control.close()
        torch.set_num_threads(settings.torch_threads)
        with suppress(EOFError, OSError):  # the server has closed, or has ended
            work(connection, progress, model, settings, limits)
    except BaseException:  # as the log's, not the fork server's
        traceback.print_exc()
    finally:
        os._exit(0)  # what the operator's code would do at exit is the fork server's
