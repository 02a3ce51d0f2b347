"""The running stack, by its own command line: the same in both ways of running."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Sequence

import httpx

from examples.addresses import PROJECT
from examples.drills.images import Image
from examples.drills.uninterrupted import finished
from examples.traffic import StackError
from service.slots import STABLE

MOST_LINE_BYTES = 2**20
KEEPS_THE_OLD = "the old model keeps serving"  # as model_server.reload says it
AGAIN_SECONDS = 1.0
RELOAD_SECONDS = 240.0  # a server that was killed starts first, on a busy machine for long
SPLIT_SECONDS = 30.0
ASKED = 20  # in a row; a slot with a tenth of the requests has one of them nearly always


async def command(*words: str) -> str:
    """Run a command of `python3 -m stack`, and return what it printed.

    It runs to its end also where this is cancelled: so what comes after knows how things are.

    Raises:
        StackError: it failed; the message is its last line.
    """
    done = await finished(asyncio.to_thread(_run, words))
    if done.returncode:
        raise StackError(f"{' '.join(words)}: {_reason(done.stderr.strip() or done.stdout)}")
    return done.stdout


def _run(words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    # A session of its own: Ctrl-C is for this program, which then puts back what it changed.
    return subprocess.run(  # noqa: S603 - no shell
        [sys.executable, "-m", "stack", *words],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )


async def lines(*words: str) -> AsyncGenerator[str]:
    """Run a command of `python3 -m stack`, yield the lines that it prints, and end it when nobody wants more.

    Raises:
        StackError: it failed; the message is its last line.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "stack", *words),
        cwd=PROJECT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
        limit=MOST_LINE_BYTES,
    )
    if process.stdout is None or process.stderr is None:
        raise StackError("its output cannot be read")
    try:
        async for line in process.stdout:
            yield line.decode()
        if await process.wait():
            raise StackError(f"{' '.join(words)}: {_reason((await process.stderr.read()).decode())}")
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGTERM)
            await process.wait()


def _reason(said: str) -> str:
    return (said.strip().splitlines() or ["no reason given"])[-1]


class RunningStack:
    """The stack whose predictions are at `url`; the image is one that it takes."""

    def __init__(self, url: str, image: Image) -> None:
        self._url = url
        self._image = image

    async def kill(self, service: str) -> None:
        """Have a service die; it stays away."""
        await command("kill", service)

    async def start(self, service: str) -> None:
        """Have a service that was killed run again; one that runs is left alone."""
        await command("start", service)

    async def reload(self, slot: str) -> None:
        """Have a slot serve the package in its folder, and wait for it where it has just been started.

        Raises:
            StackError: it refuses the package, or does not come.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + RELOAD_SECONDS
        while True:
            try:
                await command("reload", slot)
            except StackError as error:
                if KEEPS_THE_OLD in str(error) or loop.time() > deadline:
                    raise
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                return

    async def wait_for_split(self) -> None:
        """Wait until the stable slot answers all requests.

        Raises:
            StackError: it does not, or nobody answers.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + SPLIT_SECONDS
        while await self._others():
            if loop.time() > deadline:
                raise StackError(f"the split is not in effect after {SPLIT_SECONDS:.0f} s: make logs")
            await asyncio.sleep(0.5)

    async def _others(self) -> int:
        """Return how many of some requests, each over a connection of its own, were not the stable slot's."""
        headers = {"Content-Type": "image/jpeg", "Connection": "close"}
        try:
            async with httpx.AsyncClient(base_url=self._url, trust_env=False) as client:
                answers = [
                    await client.post("/predict", content=self._image.data, headers=headers)
                    for _ in range(ASKED)
                ]
        except httpx.HTTPError as error:
            raise StackError(
                f"{self._url} does not answer ({error!r}): is the stack running? make up"
            ) from error
        return sum(answer.headers.get("x-slot") != STABLE for answer in answers)
