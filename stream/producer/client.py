"""Have the running producer send records, and watch it.

    python -m stream.producer.client --rate 50 --drift 0.3

What is not given stays as it is. Ctrl-C ends the watching; the producer goes on.
"""

import sys
import time
from collections import deque
from collections.abc import Callable
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn
from rich.text import Text

LOOK_SECONDS = 0.5
RATE_SECONDS = 5.0
TIMEOUT = httpx.Timeout(10, connect=5)
AT_HOME = "http://127.0.0.1:5300"
FIELDS = {"rate", "drift", "noise", "damage", "records", "made", "sent", "waiting", "failed", "fault"}

WorldAnswer = dict[str, Any]

app = typer.Typer(add_completion=False, rich_markup_mode=None)
shown = Console(highlight=False, markup=False)


class ProducerError(Exception):
    """The producer does not do what it was asked; the message says why, and what to do."""


class ProducerAway(ProducerError):
    """Nothing answers at the address now."""


class RunningProducer:
    """A producer at an address."""

    def __init__(self, url: str, transport: httpx.BaseTransport | None = None) -> None:
        self._url = url
        self._http = httpx.Client(base_url=url, timeout=TIMEOUT, transport=transport)

    def world(self) -> WorldAnswer:
        """Return how its world is."""
        return self._checked(lambda: self._http.get("/world"))

    def change(self, change: dict[str, float | int]) -> WorldAnswer:
        """Change its world, and return how it is then."""
        return self._checked(lambda: self._http.put("/world", json=change))

    def _checked(self, ask: Callable[[], httpx.Response]) -> WorldAnswer:
        try:
            answer = ask()
            document = answer.json()
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise ProducerError(f"{self._url}: {error} Write http://HOST:PORT.") from error
        except httpx.TransportError as error:
            raise ProducerAway(
                f"no producer answers at {self._url} ({error}). `make up PROFILES=training` starts it."
            ) from error
        except ValueError:
            document = None
        if isinstance(document, dict):
            if answer.is_success and document.keys() >= FIELDS:
                return document
            if answer.is_error and "detail" in document:
                raise ProducerError(str(document["detail"]))
        raise ProducerError(f"what answers at {self._url} is no producer.")


class Speed:
    """How many records a second were sent in the last seconds."""

    def __init__(self) -> None:
        self._looks: deque[tuple[float, int]] = deque()

    def after(self, now: float, sent: int) -> float:
        """Return it, with a further look; 0 at the first one, and where the producer has begun anew."""
        if self._looks and sent < self._looks[-1][1]:
            self._looks.clear()
        self._looks.append((now, sent))
        while len(self._looks) > 2 and self._looks[1][0] <= now - RATE_SECONDS:
            self._looks.popleft()
        (before, first), seconds = self._looks[0], now - self._looks[0][0]
        return (sent - first) / seconds if now > before else 0.0


@app.command(help=__doc__)
def produce(
    *,
    rate: Annotated[float | None, typer.Option(help="records a second; 0 stops it")] = None,
    drift: Annotated[float | None, typer.Option(help="how far the world has drifted, 0 to 1")] = None,
    noise: Annotated[float | None, typer.Option(help="the share of wrong labels, 0 to 1")] = None,
    damage: Annotated[float | None, typer.Option(help="the share of damaged records, 0 to 1")] = None,
    records: Annotated[int | None, typer.Option(help="stop after so many records")] = None,
    url: Annotated[str, typer.Option(envvar="PRODUCER_URL", help="the producer's address")] = AT_HOME,
) -> None:
    """Change the world and watch it; without a terminal one line is printed."""
    wanted = {"rate": rate, "drift": drift, "noise": noise, "damage": damage, "records": records}
    change = {name: value for name, value in wanted.items() if value is not None}
    try:
        producer = RunningProducer(url)
        now = producer.change(change) if change else producer.world()
        if not shown.is_terminal:
            shown.print(line(now), soft_wrap=True)
        elif records:
            _watch_to_the_end(producer, records)
        else:
            _watch(producer)
    except ProducerError as error:
        sys.exit(printable(f"error: {error}"))
    except KeyboardInterrupt:
        shown.print("the producer goes on; `make produce RATE=0` stops it")
        sys.exit(130)


def _watch(producer: RunningProducer) -> None:
    """Show a live line until interrupted."""
    speed = Speed()
    with Live(console=shown, auto_refresh=False) as live:
        while True:
            live.update(Text(_look(producer, speed)[1]), refresh=True)
            time.sleep(LOOK_SECONDS)


def _watch_to_the_end(producer: RunningProducer, records: int) -> None:
    """Show a progress bar until so many records are made and Kafka has them."""
    speed, left = Speed(), records
    bar = Progress(BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    task = bar.add_task("", total=records)
    with Live(console=shown, auto_refresh=False) as live:
        while left > 0:
            now, text = _look(producer, speed)
            if now is not None:
                left = (now["records"] or 0) + now["waiting"]
                bar.update(task, completed=max(0, records - left))
            live.update(Group(bar, Text(text)), refresh=True)
            time.sleep(LOOK_SECONDS)


def _look(producer: RunningProducer, speed: Speed) -> tuple[WorldAnswer | None, str]:
    """Return how the world is and a line that says so; where nothing answers now, what is wrong."""
    try:
        now = producer.world()
    except ProducerAway as error:
        return None, printable(str(error))
    return now, line(now, speed.after(time.monotonic(), now["sent"]))


def line(now: WorldAnswer, per_second: float | None = None) -> str:
    """Say in a line how the world is."""
    measured = "" if per_second is None else f"{per_second:.1f} of "
    parts = [f"sent {now['sent']}", f"{measured}{now['rate']:g}/s", f"drift {now['drift']:g}"]
    parts += [f"{name} {now[name]:g}" for name in ("noise", "damage") if now[name]]
    parts += [f"{now['records']} to come"] if now["records"] else []
    parts += [f"{now['waiting']} waiting"] if now["waiting"] else []
    parts.append(f"{now['failed']} failed")
    fault = f": {now['fault']}" if now["fault"] else ""
    return printable(f"{now.get('world') or 'no world'}: {', '.join(parts)}{fault}")


def printable(text: str) -> str:
    """Return text that does nothing to a terminal, whoever wrote it."""
    return "".join(one if one.isprintable() else "?" for one in text)


if __name__ == "__main__":
    app(prog_name="python -m stream.producer.client")
