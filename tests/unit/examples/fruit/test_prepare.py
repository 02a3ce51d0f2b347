"""Published weights are downloaded, checked, hashed and served; a failure leaves the slots as they were."""

import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch

from examples.fruit.artifacts import Artifacts
from examples.fruit.prepare import PrepareError, build_missing, download_weights
from examples.fruit.slot_packages import SlotPackage, Source
from inference.faults import weights_fault
from inference.package import build_network, load_model_package, write_weights
from tests.unit.examples.fruit.project import (
    NOWHERE,
    TINY,
    check,
    copy_packages,
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
def slot(tmp_path: Path) -> SlotPackage:
    return copy_packages(tmp_path / "project")[0]


@pytest.fixture
def artifacts(slot: SlotPackage, tmp_path: Path) -> Artifacts:
    write_coloured_images(tmp_path / "images", "reference", 20)
    return check(slot, tmp_path / "project", Source.PUBLISHED, tmp_path / "images/reference")


def test_published_weights_are_served(artifacts: Artifacts, mirror: tuple[str, Path]) -> None:
    """Downloaded, hashed, named in model.toml, and with a reference of their own."""
    url, folder = mirror
    network = build_network(artifacts.slot.package, artifacts.manifest)
    torch.save(network.state_dict(), folder / "fruit_classifier_state_dict.pt")
    download_weights(artifacts, url)
    build_missing([artifacts])
    package = load_model_package(artifacts.slot.package)
    assert package.manifest == artifacts.slot.manifests[Source.PUBLISHED]
    torch.testing.assert_close(dict(package.network.state_dict()), dict(network.state_dict()))
    assert weights_fault(artifacts.slot.package, artifacts.manifest) is None
    assert check(artifacts.slot, artifacts.slot.package, Source.PUBLISHED).reference_fault is None


@pytest.mark.parametrize("content", [b"<html>Please log in</html>", b""])
def test_what_is_no_state_dict_is_refused(
    artifacts: Artifacts, mirror: tuple[str, Path], content: bytes
) -> None:
    """A page in place of the weights ends with one line, and leaves nothing behind."""
    url, folder = mirror
    (folder / "fruit_classifier_state_dict.pt").write_bytes(content)
    with pytest.raises(PrepareError, match=r"fruit_classifier_state_dict\.pt") as raised:
        download_weights(artifacts, url)
    assert "\n" not in str(raised.value)
    assert list((artifacts.slot.package / "artifacts").iterdir()) == []


def test_a_pickle_is_never_run(artifacts: Artifacts, mirror: tuple[str, Path], tmp_path: Path) -> None:
    """A file that would run code when it is unpickled is refused unread."""
    url, folder = mirror

    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return shutil.rmtree, (str(tmp_path / "images"),)

    torch.save({"conv1.weight": Bomb()}, folder / "fruit_classifier_state_dict.pt")
    with pytest.raises(PrepareError):
        download_weights(artifacts, url)
    assert (tmp_path / "images").is_dir()


def test_without_a_network_the_slot_stays_as_it_was(artifacts: Artifacts) -> None:
    """The line names the URL and the way without a network; model.toml still names the demo."""
    with pytest.raises(PrepareError, match=r"127\.0\.0\.1:9/fruit_classifier.*--source demo"):
        download_weights(artifacts, NOWHERE)
    assert list((artifacts.slot.package / "artifacts").iterdir()) == []
    assert (artifacts.slot.package / "model.toml").read_text() == artifacts.slot.rendered(Source.DEMO)


def test_one_slot_s_fault_does_not_stop_the_other(artifacts: Artifacts, tmp_path: Path) -> None:
    """The good slot gets its reference, and what went wrong is said with the other's name."""
    good = tiny_slot(tmp_path / "good")
    network = build_network(good.package, TINY)
    write_weights(good.package, TINY, network.state_dict())
    images = artifacts.reference_images
    bad = replace(good, name="model_server_new", package=tmp_path / "nowhere")
    with pytest.raises(PrepareError, match=r"^model_server_new: .*nowhere"):
        build_missing([check(bad, tmp_path, images=images), check(good, tmp_path, images=images)])
    assert check(good, tmp_path).reference_fault is None
