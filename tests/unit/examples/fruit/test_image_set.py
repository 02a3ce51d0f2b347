"""The image set holds distinct pictures in fixed places, and only what is missing is drawn."""

from pathlib import Path

from PIL import Image

from examples.fruit.image_set import (
    CLASSES,
    DIRTY_TEST,
    IMAGES_PER_CLASS,
    REFERENCE,
    TEST,
    TRAIN,
    Picture,
    draw,
    fill,
    labelled,
    pictures,
)


def test_there_is_enough_for_traffic_and_for_a_reference() -> None:
    """Traffic does not repeat itself soon, and the detectors have many images to compare with."""
    count = {split: per_class * len(CLASSES) for split, per_class in IMAGES_PER_CLASS.items()}
    assert count[TEST] >= 600
    assert count[DIRTY_TEST] >= 300
    assert count[REFERENCE] >= 900


def test_every_split_has_pictures_of_its_own() -> None:
    """Nothing that a model is tested on or compared with was in its training."""
    drawn = [draw(Picture(split, "apple", 0)).tobytes() for split in (TRAIN, TEST, REFERENCE, DIRTY_TEST)]
    assert len(set(drawn)) == len(drawn)


def test_a_picture_is_named_by_split_fruit_and_number(tmp_path: Path) -> None:
    """The folders are the labels."""
    assert Picture(TEST, "lemon", 7).path(tmp_path) == tmp_path / "test/lemon/0007.jpg"


def test_only_the_missing_pictures_are_drawn(tmp_path: Path) -> None:
    """A second run draws nothing, and one that was broken off goes on."""
    wanted = pictures({TEST: 1})
    there = wanted[0].path(tmp_path)
    there.parent.mkdir(parents=True)
    there.write_bytes(b"mine")
    assert fill(tmp_path, wanted, processes=2) == 2
    assert there.read_bytes() == b"mine"
    assert fill(tmp_path, wanted, processes=2) == 0
    assert sorted(path.suffix for path in tmp_path.rglob("*.*")) == [".jpg"] * 3


def test_a_saved_picture_is_the_drawn_one(tmp_path: Path) -> None:
    """The file holds what `draw` returns, as far as JPEG can."""
    picture = Picture(TEST, "grapes", 3)
    fill(tmp_path, [picture], processes=1)
    with Image.open(picture.path(tmp_path)) as saved:
        assert saved.size == draw(picture).size


def test_files_come_with_their_labels_in_a_fixed_order(tmp_path: Path) -> None:
    """Training sees the same order on every machine."""
    for name in ("lemon/0001.jpg", "apple/0002.jpg", "apple/0001.jpg", "apple/0003.part"):
        (tmp_path / "train" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "train" / name).touch()
    found = [(path.name, label) for path, label in labelled(tmp_path, TRAIN)]
    assert found == [("0001.jpg", "apple"), ("0002.jpg", "apple"), ("0001.jpg", "lemon")]
