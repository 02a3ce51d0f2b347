"""Serve an app with uvicorn, one process."""

import asyncio
import contextlib
import gc
import signal
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

import uvicorn
from fastapi import FastAPI

from service.draining import DrainingServer
from service.settings import ProgramSettings
from service.whole_answers import WholeAnswersProtocol

DRAIN_SECONDS = 20


@dataclass(frozen=True)
class Listener:
    """A second app, at an address that is not the public one."""

    app: FastAPI
    host: str
    port: int


class InternalServer(uvicorn.Server):
    """A server that leaves the signals to the public one."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def serve(
    app: FastAPI,
    settings: ProgramSettings,
    *,
    internal: Listener | None = None,
    on_sighup: Callable[[], Awaitable[object]] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is in flight; SIGHUP calls `on_sighup`."""
    gc.collect()
    gc.freeze()  # what exists now stays: a collection would traverse all of it while requests wait
    config = configure(app, settings.host, settings.port)
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(_serve(config, internal, on_sighup))


def configure(app: FastAPI, host: str, port: int) -> uvicorn.Config:
    """Return uvicorn's settings."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=WholeAnswersProtocol,
        log_config=None,
        access_log=False,  # nginx writes the access log
        server_header=False,
        proxy_headers=False,  # nobody reads the client's address: nginx logs it
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )


async def _serve(
    config: uvicorn.Config,
    internal: Listener | None,
    on_sighup: Callable[[], Awaitable[object]] | None,
) -> None:
    if on_sighup is not None:
        _call_on_sighup(on_sighup)
    if internal is None:
        await DrainingServer(config).serve()
        return
    internal_server = InternalServer(configure(internal.app, internal.host, internal.port))
    serving = asyncio.create_task(internal_server.serve())
    await DrainingServer(config).serve()
    internal_server.should_exit = True
    await serving


def _call_on_sighup(on_sighup: Callable[[], Awaitable[object]]) -> None:
    calls: set[asyncio.Future[object]] = set()  # the loop itself keeps no task alive

    def call_in_background() -> None:
        call = asyncio.ensure_future(on_sighup())
        calls.add(call)
        call.add_done_callback(calls.discard)

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, call_in_background)
