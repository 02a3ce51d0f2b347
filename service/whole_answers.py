"""An answer's head leaves together with its body, in one write.

uvicorn writes them one after the other. A server that is killed between the two has sent half an answer:
nginx has passed the head on by then, and cannot ask another server any more. One write is also one packet.
"""

import asyncio
from typing import Any, cast

from service.draining import DrainingProtocol

HEAD = b"HTTP/1.1 "


class HeadHoldingTransport:
    """A transport that keeps an answer's head back until the next write, or the loop's next turn."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head = b""

    def write(self, data: bytes) -> None:
        """Write, with the head that was kept back."""
        if data.startswith(HEAD) and not self._head:
            self._head = data
            asyncio.get_running_loop().call_soon(self._release)
        else:
            head, self._head = self._head, b""
            self._transport.write(head + data)

    def close(self) -> None:
        """Close when everything is written."""
        self._release()
        self._transport.close()

    def _release(self) -> None:
        if self._head and not self._transport.is_closing():  # uvloop raises where the connection is gone
            self.write(b"")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class WholeAnswersProtocol(DrainingProtocol):
    """The HTTP protocol on such transports."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wrap the connection's transport."""
        holding = HeadHoldingTransport(cast(asyncio.Transport, transport))
        super().connection_made(cast(asyncio.Transport, holding))
