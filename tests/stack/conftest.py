"""One running stack for all the tests of this folder, in the way that STACK names."""

from collections.abc import Iterator

import pytest

from tests.stack.client import DETECTORS, NGINX, SLOTS, answers, images, predict, wait_for
from tests.stack.ways import ComposeWay, LocalWay, chosen_way


@pytest.fixture(scope="session")
def running() -> Iterator[LocalWay | ComposeWay]:
    way = chosen_way()
    way.up()
    yield way
    way.down()


@pytest.fixture
def stack(running: LocalWay | ComposeWay) -> LocalWay | ComposeWay:
    """The stack with every part ready, whatever the test before did to it."""
    ready = [f"{url}/readyz" for url in (*SLOTS.values(), *DETECTORS.values(), NGINX)]
    wait_for("every part ready", lambda: all(answers(url) for url in ready), 60)
    return running


@pytest.fixture(scope="session")
def traffic(running: LocalWay | ComposeWay) -> None:
    """Some of everything, so that each metric has something to tell."""
    for data in images("test")[:240]:
        assert predict(data=data).status_code == 200
    for _ in range(4):
        assert predict(data=b"text", content_type="text/plain").status_code == 415
        assert predict(data=b"", content_type="fake_server_error/x").status_code == 500
