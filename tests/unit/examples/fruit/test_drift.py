"""The traffic of images: what it sends, what it shows, and what it says where something is wrong."""

from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from examples.fruit.drift import main
from tests.unit.examples.fake_stack import FakeStack, running
from tests.unit.examples.fruit.project import write_coloured_images

COUNT = 12
SLOTS = ["model_server", "model_server_new"]


def read_part(content_type: str, body: bytes) -> tuple[str | None, str | None, bytes]:
    """Return an upload's field, its type and its bytes."""
    message: Any = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    [part] = message.get_payload()
    return (
        part.get_param("name", header="content-disposition"),
        part.get_content_type(),
        part.get_payload(decode=True),
    )


def score(parts: list[tuple[str, str, bytes]]) -> dict[str, Any]:
    """Find drift in a window with an image that says so."""
    drift = any(content == b"dirty" for *_, content in parts)
    return {"p_value": 0.002 if drift else 0.6, "distance": 0.1, "threshold": 0.01, "drift": drift}


@pytest.fixture
def stack() -> Iterator[FakeStack]:
    with running(FakeStack(read_part, score, COUNT)) as stack:
        yield stack


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Clean images of three classes, and dirty ones."""
    write_coloured_images(tmp_path, "test", 3)
    for label in ("apple", "lemon"):
        (tmp_path / "dirty_test" / label).mkdir(parents=True)
        (tmp_path / "dirty_test" / label / "0.jpg").write_bytes(b"dirty")
    return tmp_path


def send(url: str, images: Path, *arguments: str) -> int:
    """Run the command; both detectors answer at the same address."""
    detectors = [word for slot in SLOTS for word in ("--detector", f"{url}/{slot}")]
    return main(["--url", url, *detectors, "--images", str(images), "--count", str(COUNT), *arguments])


def test_drift_of_both_slots_is_shown(
    stack: FakeStack, images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Clean images come first, then dirty ones; the table has a line for each slot."""
    assert send(stack.url, images) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0][0] == "slot"
    assert lines[1:] == [[slot, "0.6000", "0.0020", "0.1000", "0.0100", "yes"] for slot in SLOTS]


def test_images_are_uploaded_as_a_form_s_file(stack: FakeStack, images: Path) -> None:
    """Each is a JPEG in the field that POST /predict reads, byte by byte; few images are sent repeatedly."""
    send(stack.url, images)
    assert {(field, content_type) for field, content_type, _ in stack.inputs} == {("file", "image/jpeg")}
    contents = [content for *_, content in stack.inputs]
    assert set(contents[:COUNT]) == {path.read_bytes() for path in (images / "test").rglob("*.jpg")}
    assert contents[COUNT:] == [b"dirty"] * COUNT


def test_drift_that_is_not_found_is_a_failure(stack: FakeStack, images: Path) -> None:
    """The exit code says so."""
    for path in (images / "dirty_test").rglob("*.jpg"):
        path.write_bytes(b"clean")
    assert send(stack.url, images) == 1


def test_a_detector_that_scores_nothing_is_waited_for_in_vain(
    stack: FakeStack, images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """After the time given, the line names the detector."""
    stack.window_size = 1000
    assert send(stack.url, images, "--wait-seconds", "0") == 1
    assert f"waiting for {stack.url}/model_server: nothing within 0 s" in capsys.readouterr().err


def test_without_images_the_line_says_how_to_make_them(
    stack: FakeStack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is sent."""
    assert send(stack.url, tmp_path) == 1
    assert "python download_models.py" in capsys.readouterr().err
    assert stack.inputs == []


def test_a_stack_that_does_not_run_is_said(images: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The line has the address and the cause, without what that was wrapped in."""
    assert send("http://127.0.0.1:9", images) == 1
    error = capsys.readouterr().err
    assert "http://127.0.0.1:9/predict does not answer: [Errno 111] Connection refused\n" in error
    assert "make status" in error


def test_true_labels_are_told_afterwards(stack: FakeStack, images: Path) -> None:
    """An image's class is its folder's name; of half of the images, clean ones and dirty ones."""
    assert send(stack.url, images) == 0
    assert len(stack.inputs) == 2 * COUNT
    assert 0.25 * 2 * COUNT < len(stack.labels) < 0.75 * 2 * COUNT
    assert set(stack.labels.values()) <= {path.name for path in images.glob("*/*")}
    dirty = {name: label for name, label in stack.labels.items() if int(name.removeprefix("r-")) >= COUNT}
    assert set(dirty.values()) == {"apple", "lemon"}


@pytest.mark.parametrize(("share", "told"), [("0", 0), ("1", 2 * COUNT)])
def test_the_share_of_labels_is_chosen(stack: FakeStack, images: Path, share: str, told: int) -> None:
    """None or all."""
    send(stack.url, images, "--labels", share)
    assert len(stack.labels) == told


def test_labels_that_are_refused_are_said_and_no_failure(
    stack: FakeStack, images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A stack that samples a share of its traffic does not know the others."""
    stack.refuse_labels = True
    assert send(stack.url, images, "--labels", "1") == 0
    assert f"0 true labels told; {COUNT} refused: was not kept" in capsys.readouterr().err
