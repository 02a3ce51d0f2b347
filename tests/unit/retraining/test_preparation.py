"""retraining/preparation.py: done once, whoever asks first."""

from threading import Thread
from time import sleep

from retraining.preparation import Preparation


def test_two_that_ask_at_once_prepare_once() -> None:
    """Both wait until it is done."""
    calls: list[int] = []

    def prepare() -> None:
        calls.append(1)
        sleep(0.05)  # long enough for the other one to come meanwhile

    preparation, found = Preparation(prepare), list[bool]()
    threads = [Thread(target=lambda: found.append(preparation.done())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True, True]
    assert len(calls) == 1


def test_what_cannot_be_prepared_is_tried_again() -> None:
    """And says why meanwhile."""
    faults = iter([OSError("no room")])

    def prepare() -> None:
        if fault := next(faults, None):
            raise fault

    preparation = Preparation(prepare)
    assert not preparation.done()
    assert preparation.fault == "no room"
    assert preparation.done()
