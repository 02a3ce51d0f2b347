"""A server that ends loses no request that was on its way to it.

Where a listening socket is closed the kernel resets what has connected and was not accepted yet, and a
kept connection that is closed loses what has just been sent over it. nginx counts both as taken by this
server, and a request that two servers took is not sent on (proxy/retry.conf): two that end one after the
other would lose it.
"""

import asyncio
import os
import socket
from typing import cast

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

LINGER_SECONDS = 0.5  # what nginx has sent meanwhile is here long before
STOPS = "stops"  # in the state of each request that comes when the server ends


class DrainingProtocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """uvicorn's HTTP protocol, on which the next answer is the last one where the server ends."""

    ends = False

    def shutdown(self) -> None:
        """Close a connection on which nothing is under way a little later."""
        self.ends = True
        if self.cycle is None or self.cycle.response_complete:
            self.loop.call_later(LINGER_SECONDS, super().shutdown)
        else:
            super().shutdown()

    def data_received(self, data: bytes) -> None:
        """Take what came; what is answered from now on says `Connection: close` where the server ends."""
        super().data_received(data)
        if self.ends and self.cycle is not None:
            self.cycle.keep_alive = False


class DrainingServer(uvicorn.Server):
    """uvicorn's server, which accepts all who have connected before it closes its door."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept who waits at the door, close it, answer, end."""
        self.lifespan.state[STOPS] = True
        listening = [one for server in self.servers for one in server.sockets]
        doors = [socket.socket(fileno=os.dup(one.fileno())) for one in listening]
        for server in self.servers:
            server.close()
        for one in sockets or []:
            one.close()
        waiting = [connection for door in doors for connection in accept_all(door)]
        loop = asyncio.get_running_loop()
        for connection in waiting:
            await loop.connect_accepted_socket(self._protocol, connection)
        await super().shutdown(sockets)

    def _protocol(self) -> asyncio.Protocol:
        make = cast(type[DrainingProtocol], self.config.http_protocol_class)
        return make(self.config, self.server_state, self.lifespan.state)


def accept_all(door: socket.socket) -> list[socket.socket]:
    """Return the connections that wait to be accepted, and close the listening socket."""
    connections = []
    with door:
        door.setblocking(False)
        while True:
            try:
                connections.append(door.accept()[0])
            except BlockingIOError:
                return connections
