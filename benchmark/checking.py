"""Is the answer right? Asked before a system is measured: fast nonsense does not count."""

import contextlib
import re
import urllib.error
import urllib.request
from collections.abc import Mapping

from benchmark.load.bodies import Bodies

COOL_DOWN_SECONDS = 180
EXPECTED_NUMBER = 0.4  # of the regressor for [0.2, 0.6]


class WrongAnswer(Exception):
    """A system's answer is not the network's."""


def post(url: str, content_type: str, body: bytes) -> str:
    """Return the text of a 200 answer.

    Raises:
        WrongAnswer: there is none; the message says what there is.
    """
    headers = {"Content-Type": content_type}
    request = urllib.request.Request(url, body, headers)  # noqa: S310 - our own loopback URL
    try:
        with urllib.request.urlopen(request, timeout=COOL_DOWN_SECONDS) as answer:  # noqa: S310
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        raise WrongAnswer(f"answers {error.code}: {error.read()[:200].decode(errors='replace')}") from error
    except OSError as error:
        raise WrongAnswer(f"does not answer: {error}") from error


def check_images(url: str, bodies: Bodies, labels: Mapping[str, str], classes: set[str]) -> None:
    """Compare the label of every image with the bare loop's.

    Raises:
        WrongAnswer: one differs.
    """
    for file in bodies.files:
        text = post(url, bodies.content_type, file.read_bytes())
        if (labelled := first_of(classes, text)) != labels[file.stem]:
            raise WrongAnswer(
                f"says {labelled} of {file.stem}, the network itself {labels[file.stem]}: {text[:200]}"
            )


def first_of(classes: set[str], text: str) -> str | None:
    """Return the class that an answer names first: in every system's form that is its label."""
    found = re.search("|".join(map(re.escape, sorted(classes))), text)
    return found[0] if found else None


def check_number(url: str, bodies: Bodies) -> None:
    """Compare the regressor's answer with 3·0.2 - 2·0.6 + 1.

    Raises:
        WrongAnswer: it differs.
    """
    text = post(url, bodies.content_type, bodies.files[0].read_bytes())
    found = re.search(r'"output":\s*\[*\s*(-?[\d.eE+-]+)', text)
    if found is None or abs(float(found[1]) - EXPECTED_NUMBER) > 1e-3:
        raise WrongAnswer(f"answers {text[:200]}, not {EXPECTED_NUMBER}")


def cool_down(url: str, bodies: Bodies) -> None:
    """Send one request and wait for its answer: it queues behind all that the last load left."""
    with contextlib.suppress(WrongAnswer):
        post(url, bodies.content_type, bodies.files[0].read_bytes())
