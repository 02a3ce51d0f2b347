"""A package may say what it was made of: then that is a part of it, and fits it."""

import json
import tracemalloc
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from inference.checksum import write_checksum
from inference.identity import identify
from inference.lineage import MAX_BYTES, Dataset, Lineage, TimeRange, read_lineage, write_lineage
from inference.manifest import BadModelPackage, read_manifest
from inference.package import load_model_package
from tests.lineages import a_lineage, add_lineage
from tests.whole_package import write_whole_package


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A package with a lineage, which nobody could load."""
    write_whole_package(tmp_path / "package", "1")
    add_lineage(tmp_path / "package")
    return tmp_path / "package"


def read(folder: Path) -> Lineage | None:
    return read_lineage(folder, read_manifest(folder))


def change(folder: Path, **members: Any) -> None:
    """Change members of the file, and give it the right checksum all the same."""
    path = folder / "artifacts/lineage.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | members))
    write_checksum(path, folder / "artifacts/lineage.sha256")


def test_what_was_written_is_read(folder: Path) -> None:
    """Every member of it, times in UTC."""
    assert read(folder) == a_lineage(folder)
    east = datetime(2026, 11, 30, 10, tzinfo=timezone(timedelta(hours=2)))
    add_lineage(folder, created_at=east)
    found = read(folder)
    assert found is not None
    assert (found.created_at, found.created_at.tzinfo) == (east, UTC)
    assert found.dataset.size == 170


def test_a_package_without_one_has_the_checksum_that_it_always_had(tmp_path: Path) -> None:
    """The digits are those that the version before lineages gave."""
    sha256 = write_whole_package(tmp_path, "1")
    assert sha256 == "adfe68e58c51633663dd680c34b73789a03387ef78a9b1316e96062bcd52d5a4"
    assert read(tmp_path) is None


def test_another_lineage_is_another_package(folder: Path) -> None:
    """Though weights, network and manifest are the same."""
    before = identify(folder).sha256
    assert add_lineage(folder, seed=2) != before
    assert add_lineage(folder) == before


def test_the_digits_may_stand_in_the_manifest(folder: Path) -> None:
    """As the other checksums may."""
    digits = (folder / "artifacts/lineage.sha256").read_text().split()[0]
    text = (folder / "model.toml").read_text()
    (folder / "model.toml").write_text(text.replace("artifacts/lineage.sha256", digits))
    assert read(folder) == a_lineage(folder)
    with pytest.raises(BadModelPackage, match="has no place"):
        write_lineage(folder, read_manifest(folder), a_lineage(folder))


@pytest.mark.parametrize("line", ["lineage = ", "lineage_sha256 = "])
def test_one_member_without_the_other_is_refused(folder: Path, line: str) -> None:
    """Both or none."""
    lines = (folder / "model.toml").read_text().splitlines()
    (folder / "model.toml").write_text("\n".join(one for one in lines if not one.startswith(line)))
    with pytest.raises(BadModelPackage, match="give lineage and lineage_sha256, or neither"):
        read_manifest(folder)


@pytest.mark.parametrize("path", ["/etc/passwd", "../lineage.json"])
def test_a_lineage_outside_the_package_is_refused(folder: Path, path: str) -> None:
    """As any other file of it."""
    text = (folder / "model.toml").read_text()
    (folder / "model.toml").write_text(text.replace("artifacts/lineage.json", path))
    with pytest.raises(BadModelPackage, match="inside the package"):
        read_manifest(folder)


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"schema_version": 2}, "schema_version: Input should be 1"),
        ({"created_at": "2026-11-30T08:00:00"}, "created_at: Input should have timezone info"),
        ({"version": "2"}, "is of small 2, not of small 1"),
        ({"model": "other"}, "is of other 1, not of small 1"),
        ({"weights_sha256": "c" * 64}, "is of other weights"),
        ({"training_seconds": -1}, "training_seconds: "),
        ({"metrics": {"golden": {"n": 3, "accuracy": 1.5}}}, "metrics.golden.accuracy: "),
        ({"hyperparameters": {"layers": {"deep": 1}}}, "hyperparameters.layers"),
        ({"author": "ann"}, "author: Extra inputs"),
    ],
)
def test_what_does_not_fit_is_named(folder: Path, members: dict[str, Any], reason: str) -> None:
    """Whoever wrote it reads which member to mend; its checksum is right."""
    change(folder, **members)
    with pytest.raises(BadModelPackage, match=reason):
        read(folder)


def test_a_file_that_was_changed_is_refused(folder: Path) -> None:
    """It is not what the package's checksum was made of."""
    path = folder / "artifacts/lineage.json"
    path.write_text(path.read_text().replace("0.9", "1.0"))
    with pytest.raises(BadModelPackage, match=r"lineage.json does not have the checksum in artifacts"):
        read(folder)


def test_a_file_that_is_gone_is_named(folder: Path) -> None:
    """With what to do."""
    (folder / "artifacts/lineage.json").unlink()
    with pytest.raises(BadModelPackage, match=r"lineage.json: No such file.*take lineage and"):
        read(folder)


def test_what_is_too_long_is_not_read(folder: Path) -> None:
    """Nor written, nor taken into memory."""
    path = folder / "artifacts/lineage.json"
    with path.open("wb") as file:
        file.truncate(100 * MAX_BYTES)
    write_checksum(path, folder / "artifacts/lineage.sha256")
    tracemalloc.start()
    with pytest.raises(BadModelPackage, match=f"more than {MAX_BYTES} bytes"):
        read(folder)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 * MAX_BYTES
    settings = {f"{number:0128}": "x" * 200 for number in range(200)}
    sources = {f"{number:0128}": number for number in range(1000)}
    with pytest.raises(BadModelPackage, match=f"more than {MAX_BYTES}"):
        write_lineage(
            folder,
            read_manifest(folder),
            a_lineage(
                folder,
                hyperparameters=settings,
                library_versions=settings,
                dataset=Dataset(version="1", offsets=sources),
            ),
        )


def test_a_range_of_times_has_its_order() -> None:
    """The first is not after the last."""
    with pytest.raises(ValueError, match="the last one is before the first one"):
        TimeRange(first=datetime(2026, 1, 2, tzinfo=UTC), last=datetime(2026, 1, 1, tzinfo=UTC))


def test_a_package_with_one_loads(package_folder: Path) -> None:
    """And is refused where it does not fit, as with everything else of it."""
    sha256 = add_lineage(package_folder)
    assert load_model_package(package_folder).sha256 == sha256
    change(package_folder, version="9")
    with pytest.raises(BadModelPackage, match="is of colour 9, not of colour 1"):
        load_model_package(package_folder)
