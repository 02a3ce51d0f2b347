"""A worker process as the server sees it."""

import socket
import struct
from collections.abc import Sequence
from multiprocessing.connection import Connection

from inference.backend import BatchResult
from model_server.worker_pool.progress import NOTHING, Progress


class WorkerLost(Exception):
    """The worker ended, or fell silent, before it had answered; `suspects` are what it had in hand."""

    def __init__(self, suspects: range, *, was_silent: bool) -> None:
        super().__init__(suspects)
        self.suspects = suspects
        self.was_silent = was_silent


class WorkerProcess:
    """Predicts one batch at a time; one that gives no sign for `silence_seconds` is lost."""

    def __init__(
        self,
        pid: int,
        connection: "Connection[bytes, BatchResult]",
        progress: Progress,
        silence_seconds: float,
    ) -> None:
        self.pid = pid
        self.has_answered = False
        self._connection = connection
        self._progress = progress
        seconds, fraction = divmod(silence_seconds, 1)
        timeout = struct.pack("ll", int(seconds), int(1e6 * fraction))
        with socket.socket(fileno=connection.fileno()) as channel:
            channel.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeout)
            channel.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeout)
            channel.detach()

    def predict(self, images: Sequence[bytes]) -> BatchResult:
        """Have it predict the images as one batch.

        Raises:
            WorkerLost: there will be no answer, and none to any later batch.
        """
        self._progress.set(NOTHING)
        try:
            self._connection.send_bytes(len(images).to_bytes(4))
            for image in images:
                self._connection.send_bytes(image)
            result = self._connection.recv()
        except Exception as error:  # what came next on this connection might be another batch's result
            self._connection.close()
            in_hand = self._progress.in_hand()
            suspects = range(len(images))[max(0, in_hand) : in_hand + 1]
            if in_hand == len(images):
                suspects = range(len(images))  # any of them may have upset the forward pass
            raise WorkerLost(suspects, was_silent=isinstance(error, BlockingIOError)) from error
        self.has_answered = True
        return result
