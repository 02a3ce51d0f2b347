"""Published weights are fetched, checked, hashed and served; a failure leaves the slots as they were."""

import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch

from examples.fruit.filling import CannotFill, carry_out, fetch_weights
from examples.fruit.making import write_weights
from examples.fruit.orders import Order
from examples.fruit.slots import Slot, Source
from inference.checksum import write_checksum
from inference.package import build_network, load_model_package
from inference.wholeness import weights_fault
from tests.unit.examples.fruit.project import (
    NOWHERE,
    TINY,
    copy_packages,
    order_for,
    tiny_slot,
    write_coloured_images,
)


class QuietHandler(SimpleHTTPRequestHandler):
    """A plain file server: one that knows no ranges."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Keep the tests' output quiet."""


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    folder = tmp_path / "mirror"
    folder.mkdir()
    handler = partial(QuietHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", folder
        server.shutdown()
        thread.join()


@pytest.fixture
def slot(tmp_path: Path) -> Slot:
    return copy_packages(tmp_path / "project")[0]


@pytest.fixture
def order(slot: Slot, tmp_path: Path) -> Order:
    write_coloured_images(tmp_path / "images", "reference", 20)
    return order_for(slot, tmp_path / "project", Source.PUBLISHED, tmp_path / "images/reference")


def test_published_weights_are_served(order: Order, mirror: tuple[str, Path]) -> None:
    """Fetched, hashed, named in model.toml, and with a reference of their own."""
    url, folder = mirror
    network = build_network(order.slot.package, order.manifest)
    torch.save(network.state_dict(), folder / "fruit_classifier_state_dict.pt")
    fetch_weights(order, url)
    carry_out([order])
    package = load_model_package(order.slot.package)
    assert package.manifest == order.slot.manifests[Source.PUBLISHED]
    torch.testing.assert_close(dict(package.network.state_dict()), dict(network.state_dict()))
    assert weights_fault(order.slot.package, order.manifest) is None
    assert order_for(order.slot, order.slot.package, Source.PUBLISHED).reference is None


@pytest.mark.parametrize("content", [b"<html>Please log in</html>", b""])
def test_what_is_no_state_dict_is_refused(order: Order, mirror: tuple[str, Path], content: bytes) -> None:
    """A page in place of the weights ends with one line, and leaves nothing behind."""
    url, folder = mirror
    (folder / "fruit_classifier_state_dict.pt").write_bytes(content)
    with pytest.raises(CannotFill, match=r"fruit_classifier_state_dict\.pt") as raised:
        fetch_weights(order, url)
    assert "\n" not in str(raised.value)
    assert list((order.slot.package / "artifacts").iterdir()) == []


def test_a_pickle_is_never_run(order: Order, mirror: tuple[str, Path], tmp_path: Path) -> None:
    """A file that would run code when it is unpickled is refused unread."""
    url, folder = mirror

    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return shutil.rmtree, (str(tmp_path / "images"),)

    torch.save({"conv1.weight": Bomb()}, folder / "fruit_classifier_state_dict.pt")
    with pytest.raises(CannotFill):
        fetch_weights(order, url)
    assert (tmp_path / "images").is_dir()


def test_without_a_network_the_slot_stays_as_it_was(order: Order) -> None:
    """The line names the URL and the way without a network; model.toml still names the demo."""
    with pytest.raises(CannotFill, match=r"127\.0\.0\.1:9/fruit_classifier.*--source demo"):
        fetch_weights(order, NOWHERE)
    assert list((order.slot.package / "artifacts").iterdir()) == []
    assert (order.slot.package / "model.toml").read_text() == order.slot.rendered(Source.DEMO)


def test_one_slot_s_fault_does_not_stop_the_other(order: Order, tmp_path: Path) -> None:
    """The good slot gets its reference, and what went wrong is said with the other's name."""
    good = tiny_slot(tmp_path / "good")
    network = build_network(good.package, TINY)
    write_weights(network, good.package / TINY.weights)
    write_checksum(good.package / TINY.weights, good.package / TINY.sha256)
    images = order.reference_images
    bad = replace(good, name="model_server_new", package=tmp_path / "nowhere")
    with pytest.raises(CannotFill, match=r"^model_server_new: .*nowhere"):
        carry_out([order_for(bad, tmp_path, images=images), order_for(good, tmp_path, images=images)])
    assert order_for(good, tmp_path).reference is None
