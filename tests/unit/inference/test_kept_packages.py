"""A job's package is kept as long as the job needs it."""

import os
from pathlib import Path

import pytest

from inference.identity import identify
from inference.kept_packages import KeptPackages
from inference.manifest import BadModelPackage
from tests.tensor_model import write_regressor


def test_a_copy_is_the_same_package(tmp_path: Path) -> None:
    """Whatever becomes of the first; keeping it again changes nothing."""
    package = write_regressor(tmp_path / "model")
    kept = KeptPackages(tmp_path / "kept")
    sha256 = kept.keep(package).sha256
    assert kept.keep(package).sha256 == sha256
    write_regressor(package, version="2")
    assert identify(kept.path(sha256)).sha256 == sha256
    assert [path.name for path in (tmp_path / "kept").iterdir()] == [sha256]


def test_what_no_job_needs_is_removed(tmp_path: Path) -> None:
    """The others stay."""
    package, kept = tmp_path / "model", KeptPackages(tmp_path / "kept")
    first, second = (kept.keep(write_regressor(package, version=one)).sha256 for one in "12")
    kept.remove_others({second})
    assert kept.path(first).exists()  # a job may be being handed in for it
    for sha256 in (first, second):
        os.utime(kept.path(sha256), (0, 0))
    kept.remove_others({second})
    assert not kept.path(first).exists()
    assert kept.path(second).exists()


def test_a_bad_package_is_not_kept(tmp_path: Path) -> None:
    """Nor is a part of it."""
    package = write_regressor(tmp_path / "model")
    (package / "network.py").unlink()
    with pytest.raises(BadModelPackage):
        KeptPackages(tmp_path / "kept").keep(package)
    assert not list((tmp_path / "kept").glob("*"))
