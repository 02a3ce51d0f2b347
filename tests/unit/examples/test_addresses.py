"""An example asks this clone's stack, never another one on the machine."""

from pathlib import Path

import pytest

from examples import addresses
from examples.addresses import address
from examples.fruit import drift as fruit
from examples.tabular import drift as tabular
from examples.traffic import LabelledRequest, StackError


@pytest.mark.parametrize(
    ("service", "variable"),
    [
        ("nginx", "HTTP_PORT"),
        ("model_server_new", "MODEL_SERVER_NEW_PORT"),
        ("drift_detector_server", "DRIFT_DETECTOR_PORT"),
    ],
)
def test_the_ports_of_the_settings_count(
    service: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As .env or the environment has them."""
    monkeypatch.setenv("RUN", "local")
    monkeypatch.setenv(variable, "4567")
    assert address(service) == "http://127.0.0.1:4567"


def test_where_there_is_no_command_line_the_options_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container has the examples, and not the stack's ports."""
    monkeypatch.setattr(addresses, "PROJECT", tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    with pytest.raises(StackError, match=r"No module named stack.*give --url and --detector"):
        address("nginx")


def test_every_example_asks_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With no address on the command line: nobody listens at these ports, and the error names them."""
    monkeypatch.setattr(fruit, "address", lambda service: f"http://127.0.0.1:1/{service}")
    monkeypatch.setattr(tabular, "address", lambda service: f"http://127.0.0.1:1/{service}")
    images = Path(__file__).parents[3] / "docs"
    monkeypatch.setattr(
        fruit,
        "image_requests",
        lambda url, _folder, _count: [LabelledRequest(fruit.image_request(url, images / "images/fruit.jpg"))],
    )
    assert fruit.main([]) == 1
    assert tabular.main(["loans", "--shift", "age=+1std", "--count", "1"]) == 1
    shown = capsys.readouterr().err
    assert "http://127.0.0.1:1/nginx/predict does not answer" in shown
    assert "http://127.0.0.1:1/model_server_new/predict does not answer" in shown
