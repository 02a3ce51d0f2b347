"""Names that a tool could take for an option, a pattern or a way out: no tool sees them."""

from pathlib import Path

import pytest

from retraining.repository.error import RepositoryError
from retraining.repository.repository import Repository, Version

TAGS = [
    "",
    "-d",
    "--delete",
    "a b",
    "a\n",
    "a..b",
    "a.",
    "a.lock",
    "a.dvc",
    "a/b",
    "../a",
    "a~1",
    "a^{}",
    "@",
    "ä",
    "*",
]
FOLDERS = ["", ".", "..", "-f", "inbox", "shards/", "shards/a", "models", "models/", "models/..", "models/-f"]
FOLDERS += ["models/a/b", "models/a.dvc", "models/a b", "/shards", "./shards", "shards\n"]
FILES = [
    "",
    ".",
    "..",
    "-f",
    "/a",
    "a/",
    "a//b",
    "a/../b",
    "../a",
    ".git/config",
    ".dvc/config",
    ".dvcignore",
]
FILES += ["a b", "a\n", "shards.dvc", ":(top)a", "*", "a\\b"]
AMONG_DATA = ["shards/a", "golden", "models/7/lineage.json", "models/7", "models/7.json"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.touch()
    return path


def refuses(version: Version) -> None:
    with pytest.raises(RepositoryError):
        version.check()


@pytest.mark.parametrize("tag", TAGS)
def test_a_hostile_tag_is_refused(tag: str, file: Path) -> None:
    """No tag that git would read as an option, a range, a path or another revision is taken, or asked for."""
    refuses(Version(tag, "", {"shards": {"a.zip": file}}))
    with pytest.raises(RepositoryError, match="no tag"):
        Repository(file.parent, "/no/dvc", {}).read(tag, "dataset.json")
    with pytest.raises(RepositoryError, match="no tag"):
        Repository(file.parent, "/no/dvc", {}).restore(tag, "shards", file.parent / "target")


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_that_is_not_for_data_is_refused(folder: str, file: Path) -> None:
    """Data lie in shards, golden and models/VERSION, and nowhere else."""
    refuses(Version("a", "", {folder: {"a.zip": file}}))


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file_is_refused(name: str, file: Path) -> None:
    """No file leads out of its folder, into git's or DVC's own, or is taken for an option."""
    refuses(Version("a", "", {"shards": {name: file}}))
    refuses(Version("a", "", {}, {name: b""}))


@pytest.mark.parametrize("name", AMONG_DATA)
def test_a_file_of_gits_among_the_data_is_refused(name: str) -> None:
    """What DVC keeps as a folder holds none of git's files."""
    refuses(Version("a", "", {}, {name: b""}))


def test_ordinary_names_are_taken(file: Path) -> None:
    """A package's files, a shard's name, a version's and git's files are fine."""
    model = {"model.toml": file, "artifacts/v1.2/weights.pt": file, "__init__.py": file}
    Version(
        "model-1.2_3", "", {"shards": {}, "models/1.2": model}, {"models.json": b"", "a/b.json": b""}
    ).check()


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    """A source that is not there, or a folder, is told before anything is changed; so is an empty version."""
    refuses(Version("a", "", {"shards": {"a.zip": tmp_path / "nothing"}}))
    refuses(Version("a", "", {"shards": {"a.zip": tmp_path}}))
    refuses(Version("a", ""))


@pytest.mark.parametrize("remote", ['s3://a"b', "s3://a\nb", "/a\\b"])
def test_a_remote_that_would_break_dvcs_settings_is_refused(remote: str, tmp_path: Path) -> None:
    """A remote is one line without quotes."""
    with pytest.raises(RepositoryError, match="no URL"):
        Repository(tmp_path, "/no/dvc", {}, remote=remote)
