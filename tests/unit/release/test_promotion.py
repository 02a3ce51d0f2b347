"""Promotion and rollback, step by step, over a journal and replicas of the tests' own."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from inference.identity import identify
from release import package_folder
from release.package_folder import CannotReplace, PackageFolder
from release.promotion import MOST_KEPT, Replacement, ServedPackage, Step
from release.replicas import Replica
from service.token import NoToken
from tests.whole_package import write_whole_package


class MemoryJournal:
    """Keeps the last replacement; `steps` are all that were recorded."""

    def __init__(self) -> None:
        self.last: Replacement | None = None
        self.steps: list[str] = []

    async def read(self) -> Replacement | None:
        return self.last

    async def record(self, replacement: Replacement) -> None:
        self.last = replacement
        self.steps.append(replacement.step)


class FakeSlot:
    """Two replicas that load what is in the folder, but for packages in `refuses`; `away` answer nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.served = {"a:1": identify(folder).sha256, "b:1": identify(folder).sha256}
        self.refuses: set[str] = set()
        self.away: set[str] = set()
        self.asked: list[tuple[str, str]] = []
        self.at_once: list[bool] = []
        self.when_asked: Callable[[], None] = lambda: None

    async def reload(self, name: str, sha256: str, *, at_once: bool) -> Sequence[Replica]:
        self.asked.append((name, sha256))
        self.at_once.append(at_once)
        self.when_asked()
        return [self._load(address) for address in self.served]

    def _load(self, address: str) -> Replica:
        found = identify(self.folder).sha256
        if address in self.away:
            return Replica(address, "away", reason="no answer")
        if found in self.refuses:
            return Replica(address, "refused", reason="400: it fails on a first batch")
        self.served[address] = found
        return Replica(address, "serves", found)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_whole_package(tmp_path / "production", "1")
    return tmp_path / "production"


@pytest.fixture
def candidate(tmp_path: Path) -> Path:
    write_whole_package(tmp_path / "candidate", "2", name="other")
    return tmp_path / "candidate"


@pytest.fixture
def slot(folder: Path) -> FakeSlot:
    return FakeSlot(folder)


@pytest.fixture
def journal() -> MemoryJournal:
    return MemoryJournal()


@pytest.fixture
def production(folder: Path, slot: FakeSlot, journal: MemoryJournal) -> ServedPackage:
    return ServedPackage(PackageFolder(folder), slot.reload, journal)


async def test_every_replica_serves_what_was_promoted(
    production: ServedPackage, candidate: Path, slot: FakeSlot, journal: MemoryJournal
) -> None:
    """The answer has both checksums, for the log of decisions."""
    old, new = identify(slot.folder).sha256, identify(candidate).sha256
    done = await production.promote(candidate, new)
    assert (done.step, done.package_sha256, done.previous_sha256, done.reason) == ("done", new, old, "")
    assert set(slot.served.values()) == {new}
    assert slot.asked == [("other", new)]
    assert journal.steps == ["begun", "copied", "replaced", "done"]


async def test_one_refusal_brings_the_previous_package_back(
    production: ServedPackage, candidate: Path, slot: FakeSlot, journal: MemoryJournal
) -> None:
    """To every replica; the reason is the replica's own."""
    old, new = identify(slot.folder).sha256, identify(candidate).sha256
    slot.refuses.add(new)
    done = await production.promote(candidate, new)
    assert (done.step, done.reason.split(";")[0]) == ("restored", "a:1: 400: it fails on a first batch")
    assert set(slot.served.values()) == {old} == {identify(slot.folder).sha256}
    assert journal.steps == ["begun", "copied", "replaced", "refused", "restored"]
    assert slot.asked == [("other", new), ("small", old)]
    assert done.reason.endswith("; it serves its own again")
    assert slot.at_once == [False, True]  # nobody waits for one to go first with what was served before


def damage(folder: Path, sha256: str) -> None:
    """Cut the weights of a package that is kept."""
    (weights,) = (folder / package_folder.STORE / sha256).rglob("weights.safetensors")
    weights.write_bytes(weights.read_bytes()[:-1])


async def test_a_previous_package_that_is_damaged_ends_a_refused_promotion_all_the_same(
    production: ServedPackage, candidate: Path, slot: FakeSlot, journal: MemoryJournal, tmp_path: Path
) -> None:
    """The answer says what the folder holds, and what to do; the next promotion is not held up by it."""
    old, bad = identify(slot.folder).sha256, identify(candidate).sha256
    slot.refuses.add(bad)
    slot.when_asked = lambda: damage(slot.folder, old)
    failed = await production.promote(candidate, bad)
    assert journal.steps == ["begun", "copied", "replaced", "refused", "failed"]
    assert "a:1: 400: it fails on a first batch" in failed.reason
    assert f"{slot.folder} holds the refused package" in failed.reason
    assert "`make reload`" in failed.reason
    assert identify(slot.folder).sha256 == bad
    slot.when_asked = lambda: None
    good = write_whole_package(tmp_path / "good", "3")
    assert (await production.promote(tmp_path / "good", good)).step == "done"
    assert set(slot.served.values()) == {good}


@pytest.mark.parametrize("step", ["replaced", "refused"])
async def test_what_a_program_left_half_done_over_a_damaged_package_is_ended(
    production: ServedPackage, candidate: Path, slot: FakeSlot, journal: MemoryJournal, step: Step
) -> None:
    """The next order finds it in the journal."""
    old, bad = identify(slot.folder).sha256, identify(candidate).sha256
    await production.promote(candidate, bad)
    for one in (old, bad):
        damage(slot.folder, one)
        (slot.folder / package_folder.STORE / one / "model.toml").write_text("")
    journal.last = Replacement("promotion", bad, candidate, old, step, "it is refused")
    resumed = await production.resume()
    assert resumed is not None
    assert resumed.step == "failed"


async def test_a_replica_that_is_away_does_not_stop_a_promotion(
    production: ServedPackage, candidate: Path, slot: FakeSlot
) -> None:
    """It loads the folder's package when it starts."""
    slot.away.add("b:1")
    done = await production.promote(candidate, identify(candidate).sha256)
    assert done.step == "done"


async def test_a_slot_that_is_away_altogether_gets_its_package_back(
    production: ServedPackage, candidate: Path, slot: FakeSlot
) -> None:
    """Nobody could tell whether the package can be served; the answer says so."""
    slot.away = set(slot.served)
    done = await production.promote(candidate, identify(candidate).sha256)
    assert done.step == "restored"
    assert "no replica answers: a:1: no answer; b:1: no answer; then, with the previous" in done.reason
    assert identify(slot.folder).manifest.version == "1"


async def test_without_a_token_the_package_comes_back(
    folder: Path, journal: MemoryJournal, candidate: Path
) -> None:
    """Then no replica can be told."""

    async def no_token(name: str, sha256: str, *, at_once: bool) -> Sequence[Replica]:
        raise NoToken("RELEASE_TOKEN_FILE: why")

    done = await ServedPackage(PackageFolder(folder), no_token, journal).promote(
        candidate, identify(candidate).sha256
    )
    assert (done.step, "RELEASE_TOKEN_FILE: why" in done.reason) == ("restored", True)
    assert identify(folder).manifest.version == "1"


async def test_a_package_that_cannot_be_copied_fails_with_its_reason(
    production: ServedPackage, candidate: Path, slot: FakeSlot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No replica is told anything, and the next promotion is not held up."""
    new = identify(candidate).sha256
    with monkeypatch.context() as full:
        full.setattr(package_folder, "free_bytes", lambda _: 0)
        failed = await production.promote(candidate, new)
    assert (failed.step, "there is no room" in failed.reason) == ("failed", True)
    assert slot.asked == []
    assert identify(slot.folder).manifest.version == "1"
    assert (await production.promote(candidate, new)).step == "done"


async def test_rollback_goes_back_and_a_second_one_forward_again(
    production: ServedPackage, candidate: Path, slot: FakeSlot
) -> None:
    """Right after a promotion, and as often as one likes."""
    old, new = identify(slot.folder).sha256, identify(candidate).sha256
    await production.promote(candidate, new)
    for expected in (old, new, old):
        done = await production.rollback()
        assert (done.kind, done.step, done.package_sha256) == ("rollback", "done", expected)
        assert set(slot.served.values()) == {expected}
    assert slot.at_once == [False, True, True, True]


async def test_rollback_reaches_older_packages_by_their_checksum(
    production: ServedPackage, candidate: Path, slot: FakeSlot
) -> None:
    """As many as are kept."""
    first = identify(slot.folder).sha256
    for version in range(2, 2 + MOST_KEPT - 1):
        await production.promote(candidate, write_whole_package(candidate, str(version)))
    assert (await production.rollback(first)).step == "done"
    assert set(slot.served.values()) == {first}
    await production.promote(candidate, write_whole_package(candidate, "99"))
    assert len(production.packages.kept()) == MOST_KEPT


async def test_without_a_package_from_before_there_is_no_rollback(production: ServedPackage) -> None:
    """It says so."""
    with pytest.raises(CannotReplace, match="no package from before is kept"):
        await production.rollback()


async def test_a_rollback_that_is_refused_is_taken_back(
    production: ServedPackage, candidate: Path, slot: FakeSlot
) -> None:
    """The servers may not be able to load what they served once."""
    old, new = identify(slot.folder).sha256, identify(candidate).sha256
    await production.promote(candidate, new)
    slot.refuses.add(old)
    assert (await production.rollback()).step == "restored"
    assert set(slot.served.values()) == {new} == {identify(slot.folder).sha256}


async def test_an_unfinished_promotion_is_finished_before_it_is_rolled_back(
    production: ServedPackage, candidate: Path, slot: FakeSlot, journal: MemoryJournal
) -> None:
    """So the way back leads to what was served before it."""
    old, new = identify(slot.folder).sha256, identify(candidate).sha256
    journal.last = Replacement("promotion", new, candidate)
    assert (await production.rollback()).package_sha256 == old
    assert slot.asked == [("other", new), ("small", old)]


async def test_an_unfinished_rollback_is_finished_and_not_taken_back(
    production: ServedPackage, candidate: Path, slot: FakeSlot, journal: MemoryJournal
) -> None:
    """Whoever gives the command again after a kill wants the same."""
    old = identify(slot.folder).sha256
    await production.promote(candidate, identify(candidate).sha256)
    with production.packages.locked():
        production.packages.serve(old)
    journal.last = Replacement("rollback", old, None, identify(candidate).sha256, "copied")
    assert (await production.rollback()).package_sha256 == old
    assert set(slot.served.values()) == {old}


async def test_a_candidate_that_changed_before_the_copy_is_not_promoted_on_resuming(
    production: ServedPackage, candidate: Path, slot: FakeSlot, journal: MemoryJournal
) -> None:
    """What was judged is promoted, or nothing."""
    journal.last = Replacement("promotion", identify(candidate).sha256, candidate)
    write_whole_package(candidate, "3")
    finished = await production.resume()
    assert finished is not None
    assert (finished.step, "by now, not" in finished.reason) == ("failed", True)
    assert identify(slot.folder).manifest.version == "1"


async def test_there_is_nothing_to_resume_after_the_end(
    production: ServedPackage, candidate: Path, slot: FakeSlot
) -> None:
    """Nor before the beginning."""
    assert await production.resume() is None
    await production.promote(candidate, identify(candidate).sha256)
    assert await production.resume() is None
    assert len(slot.asked) == 1


async def test_what_is_served_already_can_be_promoted_again(
    production: ServedPackage, candidate: Path, slot: FakeSlot
) -> None:
    """The replicas are told again, and the way back stays."""
    old, new = identify(slot.folder).sha256, identify(candidate).sha256
    for _ in range(2):
        done = await production.promote(candidate, new)
        assert (done.step, done.previous_sha256) == ("done", old)
    assert production.packages.previous() == old


async def test_two_programs_do_not_replace_at_once(production: ServedPackage, candidate: Path) -> None:
    """The second is told so, and changes nothing."""
    with (
        PackageFolder(production.packages.folder).locked(),
        pytest.raises(CannotReplace, match="another program"),
    ):
        await production.promote(candidate, identify(candidate).sha256)
