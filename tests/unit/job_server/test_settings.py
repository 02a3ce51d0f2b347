"""Where the broker is."""

import pytest
from kombu.utils.url import parse_url

from job_server.settings import JobServerSettings, WorkerSettings

VARIABLES = ("RABBITMQ_URI", "RABBITMQ_HOST", "RABBITMQ_USER", "RABBITMQ_PASSWORD")


@pytest.fixture(autouse=True)
def _nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_alone_it_is_this_machines() -> None:
    """With the user that RabbitMQ has for its own machine."""
    assert WorkerSettings().rabbitmq_uri.get_secret_value() == "amqp://guest:guest@127.0.0.1:5672//"


@pytest.mark.parametrize("password", ["plain", "p@ss/w:rd%1", "#?[]", "ä ö", "a//b@c"])
def test_a_password_may_have_any_characters(monkeypatch: pytest.MonkeyPatch, password: str) -> None:
    """The client finds the same parts in the address."""
    for name, value in zip(VARIABLES, ("", "rabbitmq:5672", "jo/bs", password), strict=True):
        monkeypatch.setenv(name, value)
    address = parse_url(JobServerSettings().rabbitmq_uri.get_secret_value())
    parts = (address["hostname"], address["port"], address["userid"], address["password"])
    assert parts == ("rabbitmq", 5672, "jo/bs", password)
    assert address["virtual_host"] == "/"
    assert password not in repr(JobServerSettings())


def test_an_address_goes_before_its_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """As MONGODB_URI does."""
    monkeypatch.setenv("RABBITMQ_URI", "amqp://a:b@c:1//")
    monkeypatch.setenv("RABBITMQ_PASSWORD", "x")
    assert JobServerSettings().rabbitmq_uri.get_secret_value() == "amqp://a:b@c:1//"
