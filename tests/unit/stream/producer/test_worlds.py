"""Which world is played follows from the model package."""

from pathlib import Path

import pytest

from examples.fruit.slot_packages import Source, slot_packages
from examples.tabular import NAMES
from examples.tabular.data import FOLDER
from stream.producer.worlds import NoWorld, world_of


def fruit_package(folder: Path) -> Path:
    """Write the stable slot's manifest; weights are not looked at."""
    stable, _ = slot_packages(folder)
    stable.package.mkdir(parents=True)
    stable.use(Source.DEMO)
    return stable.package


def edited(package: Path, old: str, new: str) -> Path:
    """Change a package's manifest."""
    path = package / "model.toml"
    assert old in path.read_text("utf-8")
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    return package


def loans(folder: Path) -> Path:
    """Copy the manifest of the loans' model."""
    (folder / "model.toml").write_text((FOLDER / "loans/model/model.toml").read_text("utf-8"), "utf-8")
    return folder


def test_fruit_for_a_model_of_fruit(tmp_path: Path) -> None:
    """In whatever order its classes are, and whatever it is called."""
    package = fruit_package(tmp_path)
    assert world_of(package).name == "fruit"
    edited(package, '["apple", "grapes", "lemon"]', '["lemon", "apple", "grapes"]')
    assert world_of(edited(package, '"small-cnn"', '"renewed"')).name == "fruit"


@pytest.mark.parametrize("name", NAMES)
def test_rows_for_a_model_of_their_features(name: str) -> None:
    """Each example has its own."""
    assert world_of(FOLDER / name / "model").name == name


def test_other_classes_have_no_world(tmp_path: Path) -> None:
    """It is said which there are, and how one's own data are sent."""
    package = edited(fruit_package(tmp_path), '"lemon"', '"pear"')
    with pytest.raises(NoWorld) as raised:
        world_of(package)
    for part in (
        "apple, grapes, pear",
        "apple, grapes, lemon",
        "(loans)",
        "(regressor)",
        "recorded-at",
        "README",
    ):
        assert part in str(raised.value)


@pytest.mark.parametrize(
    ("old", "new"), [('"age"', '"height"'), ('"age", ', ""), ('["repaid", "defaulted"]', '["good", "bad"]')]
)
def test_other_features_have_no_world(tmp_path: Path, old: str, new: str) -> None:
    """Nor other classes of the same ones."""
    with pytest.raises(NoWorld, match="there is no such world"):
        world_of(edited(loans(tmp_path), old, new))


def test_without_a_package_no_world_is_known(tmp_path: Path) -> None:
    """It may not be made yet."""
    with pytest.raises(NoWorld, match=r"without a model package: .*model\.toml"):
        world_of(tmp_path)
