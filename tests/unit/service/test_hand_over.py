"""A slot answers before nginx gives it up: the times stand in two languages, and must fit."""

import re
from pathlib import Path

from inference.backend import BackendSettings
from model_server.worker_pool.limits import limits_alone, limits_in_batch
from service.body_limit import LONGEST_WAIT_SECONDS
from service.hand_over import ANSWER_SECONDS

PROXY = (Path(__file__).parents[3] / "proxy/proxy.conf").read_text("utf-8")
UNITS = {"ms": 0.001, "s": 1.0}


def timeouts(directive: str) -> list[float]:
    """Return what nginx's directive says of each try, in seconds; a request that waits is at no slot."""
    tries = re.sub(r"location @wait \{.*?\n\}", "", PROXY, flags=re.DOTALL)
    return [float(number) * UNITS[unit] for number, unit in re.findall(rf"{directive} (\d+)(ms|s);", tries)]


def test_a_slot_answers_before_nginx_gives_it_up() -> None:
    """At first, and where nginx is patient; one that only waits for room, too."""
    first, *patient = timeouts("proxy_read_timeout")
    assert max(ANSWER_SECONDS["short"], ANSWER_SECONDS["last"], LONGEST_WAIT_SECONDS) <= first - 0.2
    assert ANSWER_SECONDS["long"] <= min(patient) - 1


def test_an_image_has_its_time_before_a_slot_must_answer() -> None:
    """In a batch, and then alone."""
    backend = BackendSettings(Path())
    seconds = limits_in_batch(backend).cpu_seconds + limits_alone(backend).wall_seconds
    assert seconds < ANSWER_SECONDS["short"]
