"""An app, served as the programs serve theirs."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

from fastapi import FastAPI

from service.draining import DrainingServer
from service.run import configure


class ServedApp:
    """A server on a port of this machine, and its end."""

    def __init__(self, app: FastAPI) -> None:
        self._listening = socket.create_server(
            ("127.0.0.1", 0)
        )  # a client may come before the server takes over
        self.port: int = self._listening.getsockname()[1]
        self._server = DrainingServer(configure(app, "127.0.0.1", 0))
        self._serving = asyncio.create_task(self._server.serve([self._listening]))

    async def end_now(self) -> None:
        """End, before the event loop turns once more."""
        await self._server.shutdown([self._listening])

    async def end(self) -> None:
        """End as a signal has it end."""
        self._server.should_exit = True
        await self._serving


@contextlib.asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[int]:
    """Serve on a port of this machine as the programs do."""
    served = ServedApp(app)
    yield served.port
    await served.end()
