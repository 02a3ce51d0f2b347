"""Serve an app with uvicorn, one process."""

import asyncio
import contextlib
import gc
import signal
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

import uvicorn
from fastapi import FastAPI

from service.settings import ServiceSettings

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
    settings: ServiceSettings,
    *,
    internal: Listener | None = None,
    on_hangup: Callable[[], Awaitable[object]] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is in flight; SIGHUP calls `on_hangup`."""
    gc.collect()
    gc.freeze()  # what is there now stays: a collection would walk through all of it while requests wait
    config = configure(app, settings.host, settings.port)
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(_serve(config, internal, on_hangup))


def configure(app: FastAPI, host: str, port: int) -> uvicorn.Config:
    """Return uvicorn's settings."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,  # nginx writes the access log
        server_header=False,
        proxy_headers=False,  # nobody reads the client's address: nginx logs it
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )


async def _serve(
    config: uvicorn.Config,
    internal: Listener | None,
    on_hangup: Callable[[], Awaitable[object]] | None,
) -> None:
    if on_hangup is not None:
        _call_at_hangup(on_hangup)
    if internal is None:
        await uvicorn.Server(config).serve()
        return
    beside = InternalServer(configure(internal.app, internal.host, internal.port))
    beside_serving = asyncio.create_task(beside.serve())
    await uvicorn.Server(config).serve()
    beside.should_exit = True
    await beside_serving


def _call_at_hangup(on_hangup: Callable[[], Awaitable[object]]) -> None:
    calls: set[asyncio.Future[object]] = set()  # the loop itself keeps no task alive

    def hangup() -> None:
        call = asyncio.ensure_future(on_hangup())
        calls.add(call)
        call.add_done_callback(calls.discard)

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, hangup)
