"""All that a drill changes is as it was before, byte for byte, whatever happened in between."""

from pathlib import Path

import pytest

from examples.drills import before
from examples.drills.before import Places
from examples.drills.candidate import put_candidate
from examples.drills.drills import GOOD
from examples.traffic import StackError
from proxy.routing import Routing, written
from release.package_folder import PackageFolder
from service.slots import CANDIDATE, STABLE
from tests.colour_model import write_colour_package
from tests.whole_package import write_whole_package

# As shipped, also while somebody's stack has another split.
SHIPPED = written(
    (Path(__file__).parents[4] / "nginx/default.conf").read_text(), Routing({STABLE: 1, CANDIDATE: 1})
)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    (tmp_path / "default.conf").write_text(SHIPPED)
    write_colour_package(tmp_path / "stable")
    write_whole_package(tmp_path / "candidate", "7", name="other")
    return Places(
        tmp_path / "default.conf", tmp_path / "stable", tmp_path / "candidate", tmp_path / "local/kept"
    )


def everything(places: Places) -> dict[str, bytes | str]:
    """Return all names below the places with what they hold: a link its target, a folder nothing."""
    root = places.split.parent
    return {
        str(path.relative_to(root)): f"→ {path.readlink()}"
        if path.is_symlink()
        else (path.read_bytes() if path.is_file() else "folder")
        for place in (places.split, places.stable, places.candidate)
        for path in (place, *place.rglob("*"))
    }


def promote(places: Places) -> None:
    """Promote the candidate and take it back, as the release program does."""
    packages = PackageFolder(places.stable)
    with packages.locked():
        stable, sha256 = packages.served().sha256, PackageFolder(places.candidate).served().sha256
        packages.take(places.candidate, sha256)
        packages.serve(sha256)
        packages.prune(5)
        packages.serve(stable)
        packages.prune(5)


def put_back(places: Places) -> None:
    before.put_back_candidate(places)
    before.put_back_rest(places)


@pytest.mark.parametrize("is_promoted", [False, True])
def test_all_files_are_as_they_were(places: Places, is_promoted: bool) -> None:
    """Also after a promotion and its rollback, which leave links and copies in the stable slot's folder."""
    shipped = everything(places)
    before.keep(places)
    before.give_all_to_stable(places)
    put_candidate(GOOD, places.stable, places.candidate)
    if is_promoted:
        promote(places)
    assert everything(places) != shipped
    put_back(places)
    assert everything(places) == shipped
    assert not before.is_kept(places)


def test_a_store_without_a_package_is_one_again(places: Places) -> None:
    """The release program makes it when it starts, with its lock."""
    with PackageFolder(places.stable).locked():
        pass
    shipped = everything(places)
    assert "stable/.packages/.lock" in shipped
    before.keep(places)
    put_candidate(GOOD, places.stable, places.candidate)
    promote(places)
    put_back(places)
    assert everything(places) == shipped


def test_a_folder_with_packages_from_before_keeps_them(places: Places) -> None:
    """Whoever has promoted before may still go back to what they had then."""
    write_whole_package(places.candidate, "8", name="other", weights="artifacts/other.safetensors")
    promote(places)
    kept = PackageFolder(places.stable).kept()
    before.keep(places)
    put_candidate(GOOD, places.stable, places.candidate)
    promote(places)
    put_back(places)
    assert {one.sha256 for one in kept} <= {one.sha256 for one in PackageFolder(places.stable).kept()}
    assert (places.stable / "model.toml").is_symlink()


def test_a_candidates_manifest_that_is_a_link_is_one_again(places: Places) -> None:
    """Where its package was replaced by links before."""
    (places.candidate / "model.toml").rename(places.candidate / "seven.toml")
    (places.candidate / "model.toml").symlink_to("seven.toml")
    shipped = everything(places)
    before.keep(places)
    put_candidate(GOOD, places.stable, places.candidate)
    put_back(places)
    assert everything(places) == shipped


def test_what_is_kept_half_counts_for_nothing(places: Places) -> None:
    """Killed while it keeps, a drill has changed nothing yet."""
    part = places.kept.with_name("kept.part")
    part.mkdir(parents=True)
    (part / "default.conf").write_text("half")
    assert not before.is_kept(places)
    before.keep(places)
    assert (places.kept / "default.conf").read_text() == SHIPPED


def test_the_stable_slot_gets_all_requests(places: Places) -> None:
    """The rest of the file stays as a person wrote it."""
    before.give_all_to_stable(places)
    lines = zip(SHIPPED.splitlines(), places.split.read_text().splitlines(), strict=True)
    [stable, candidate] = [after for earlier, after in lines if earlier != after]
    assert "server model_server:8000" in stable
    assert "weight=100" in stable
    assert "server model_server_new:8000" in candidate
    assert "down" in candidate


def test_a_split_that_is_not_understood_is_said(places: Places) -> None:
    """And left alone."""
    places.split.write_text("upstream other {}")
    with pytest.raises(StackError, match="the split cannot be changed: `upstream split`"):
        before.give_all_to_stable(places)
