"""Versions of data sets and models in a repository of their own, with the real git and the real DVC."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from retraining.repository import trees
from retraining.repository.error import RepositoryError
from retraining.repository.repository import Repository, Version
from tests.integration.repository_kills import (
    DVC,
    Outside,
    at_random,
    fork,
    repository,
    write_shards,
)
from tests.waiting import until

SIZE = 400_000
LINEAGE = b"{}\r\n"  # what a user's git could take for text, and change


def dataset(tag: str, shards: dict[str, Path], **plain: bytes) -> Version:
    """Return a version of a data set, which says its tag in a file of git's."""
    return Version(tag, f"Data set {tag}", {"shards": shards}, {"dataset.json": tag.encode(), **plain})


def first(shards: dict[str, Path], number: int) -> dict[str, Path]:
    return dict(list(shards.items())[:number])


def contents(folder: Path) -> dict[str, bytes]:
    return {name: path.read_bytes() for name, path in trees.files_of(folder).items()}


def bytes_on_disk(folder: Path) -> int:
    """Return what the files below a folder take: each inode once."""
    files = {path.stat().st_ino: path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    return sum(size for size in files.values() if size >= SIZE)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a checkout of somebody, whose own git has hooks, ignores everything and signs."""
    folder = tmp_path_factory.mktemp("checkout")
    home = folder / "home"
    (home / ".config/git").mkdir(parents=True)
    (home / ".config/git/ignore").write_text("*\n")
    (home / ".config/git/attributes").write_text("* filter=none text eol=crlf\n")
    hooks = folder / "hooks"
    hooks.mkdir()
    for name in ("pre-commit", "reference-transaction", "post-checkout"):
        (hooks / name).write_text(f"#!/bin/sh\necho {name} >> {folder}/ran\nexit 1\n")
        (hooks / name).chmod(0o755)
    (home / ".gitconfig").write_text(
        f"[core]\nhooksPath = {hooks}\nexcludesFile = {home}/.config/git/ignore\nautocrlf = input\n"
        "[commit]\ngpgSign = true\n"
        f"[init]\ntemplateDir = {folder}\ndefaultBranch = other\n[user]\nname = Somebody\n"
    )
    work = folder / "work"
    plain = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null"}
    for command in ("init -q", "add README", "-c user.name=a -c user.email=b commit -qm 1"):
        work.mkdir(exist_ok=True)
        (work / "README").write_text("mine")
        subprocess.run(["git", *command.split()], cwd=work, check=True, env=plain)
    (work / "README").write_text("changed")
    (work / "task").mkdir()
    (work / "task/notes").write_text("mine too")
    return work


class Scene:
    """A repository within somebody's checkout, with two versions that share two of three shards."""

    def __init__(self, checkout: Path) -> None:
        self.checkout = checkout
        self.folder = checkout / "task/repository"
        self.outside = Outside(self.folder)
        self.shards = write_shards(checkout / "task/inbox", 3, SIZE)
        home = checkout.parent / "home"
        stranger = {
            "GIT_DIR": str(checkout / ".git"),
            "GIT_WORK_TREE": str(checkout),
            "GIT_INDEX_FILE": str(checkout / ".git/index"),
        }
        self.environment = {**os.environ, "HOME": str(home), **stranger}
        self.before = self.around()
        self.kept = Repository(self.folder, DVC, self.environment)
        self.kept.prepare()
        self.old = self.kept.commit(dataset("dataset-9", first(self.shards, 2), **{"lineage.json": LINEAGE}))
        self.kept.push()
        self.sizes = [self.sizes_now()]
        self.new = self.kept.commit(dataset("dataset-10", self.shards))
        self.kept.push()
        self.sizes.append(self.sizes_now())

    def around(self) -> tuple[str, ...]:
        """Return what the checkout's own git says of it."""
        commands = ("status --porcelain", "rev-parse HEAD", "diff", "ls-files -s", "for-each-ref")
        plain = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null"}
        return tuple(
            subprocess.check_output(["git", *command.split()], cwd=self.checkout, env=plain, text=True)
            for command in commands
        )

    def sizes_now(self) -> tuple[int, int]:
        """Return what the inbox and the repository take together, and the remote."""
        task = self.checkout / "task"
        remote = bytes_on_disk(task / "remote")
        return bytes_on_disk(task) - remote, remote


@pytest.fixture(scope="module")
def scene(checkout: Path) -> Scene:
    """Give the repository with two versions."""
    return Scene(checkout)


def test_a_second_version_costs_the_disk_its_new_shard_only(scene: Scene) -> None:
    """Inbox, working tree and cache are one file for each shard, and the remote has it once."""
    assert scene.sizes == [(3 * SIZE, 2 * SIZE), (3 * SIZE, 3 * SIZE)]
    assert all(path.stat().st_nlink >= 3 for path in scene.shards.values())
    for tag in scene.outside.tags():
        assert len(list(scene.outside.wanted(tag, scene.outside.remote))) == {"9": 3, "10": 4}[tag[8:]]
    scene.outside.check(pushed=True)


def test_the_checkout_around_it_is_untouched(scene: Scene) -> None:
    """Somebody's files, index and commits are as they were, though the folder lies within, un-ignored."""
    assert scene.around() == scene.before
    assert not (scene.checkout.parent / "ran").exists()
    assert "Retraining <retraining@localhost>" in scene.outside.git("log", "-1", "--format=%an <%ae>")


def test_the_working_tree_is_clean(scene: Scene) -> None:
    """Git and DVC both find there what the last version has."""
    assert scene.outside.git("status", "--porcelain") == ""
    assert "up to date" in scene.outside.dvc_status()
    assert contents(scene.folder / "shards") == {k: p.read_bytes() for k, p in scene.shards.items()}


def test_versions_are_listed_by_their_numbers_and_their_files_read(scene: Scene) -> None:
    """Ten comes after nine; what a later version changed stays readable in the older."""
    assert scene.kept.tags("dataset-") == ["dataset-9", "dataset-10"]
    assert scene.kept.tags("model-") == []
    assert scene.kept.read("dataset-9", "dataset.json") == b"dataset-9"
    assert scene.kept.read("dataset-10", "lineage.json") == LINEAGE
    with pytest.raises(RepositoryError, match="no version dataset-8"):
        scene.kept.read("dataset-8", "dataset.json")
    with pytest.raises(RepositoryError, match="has no other"):
        scene.kept.read("dataset-9", "other")


def test_the_same_again_makes_nothing_new(scene: Scene) -> None:
    """A version of the same content keeps its revision, though another came after it."""
    before = scene.outside.git("rev-list", "--all", "--objects")
    again = dataset("dataset-9", first(scene.shards, 2), **{"lineage.json": LINEAGE})
    assert scene.kept.commit(again) == scene.old
    scene.kept.prepare()
    assert scene.outside.git("rev-list", "--all", "--objects") == before
    assert scene.outside.git("rev-parse", "HEAD").strip() == scene.new


@pytest.mark.parametrize("change", ["a shard", "a name", "a plain file", "a folder"])
def test_a_tag_is_never_given_to_other_content(scene: Scene, change: str) -> None:
    """Whatever differs, the version that is there stays, and the error says what to do."""
    shards, plain, more = first(scene.shards, 2), {"dataset.json": b"dataset-9"}, {}
    if change == "a shard":
        shards["inbox-00000002.zip"] = scene.shards["inbox-00000003.zip"]
    elif change == "a name":
        shards["inbox-00000004.zip"] = shards.pop("inbox-00000002.zip")
    elif change == "a plain file":
        plain = {"dataset.json": b"another"}
    else:
        more = {"golden": shards}
    with pytest.raises(RepositoryError, match="take another tag"):
        scene.kept.commit(Version("dataset-9", "Another", {"shards": shards, **more}, plain))
    assert scene.outside.git("rev-parse", "dataset-9").strip() == scene.old


def test_an_older_version_comes_from_the_cache_then_from_the_remote(scene: Scene, tmp_path: Path) -> None:
    """Byte for byte, with nothing changed in the working tree, and twice where it is there already."""
    wanted = {name: path.read_bytes() for name, path in first(scene.shards, 2).items()}
    tree = scene.outside.git("status", "--porcelain", "--ignored"), contents(scene.folder / "shards")
    scene.kept.restore("dataset-9", "shards", tmp_path / "by cache")
    assert contents(tmp_path / "by cache") == wanted
    shutil.rmtree(scene.folder / ".dvc/cache")
    scene.kept.restore("dataset-9", "shards", tmp_path / "by remote")
    assert contents(tmp_path / "by remote") == wanted
    assert (
        scene.outside.git("status", "--porcelain", "--ignored"),
        contents(scene.folder / "shards"),
    ) == tree
    scene.kept.restore("dataset-9", "shards", tmp_path / "by remote")
    with pytest.raises(RepositoryError, match="holds something else"):
        scene.kept.restore("dataset-10", "shards", tmp_path / "by remote")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["by cache", "by remote"]


def damage(path: Path) -> None:
    """Change one byte of a file, and nothing that a look at its name, size or mode would tell."""
    mode = path.stat().st_mode
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.seek(100)
        byte = file.read(1)
        file.seek(100)
        file.write(bytes([byte[0] ^ 1]))
    path.chmod(mode)


def test_damaged_data_are_fetched_again_and_never_handed_out(scene: Scene, tmp_path: Path) -> None:
    """A shard damaged in the cache comes from the remote; where that is damaged too there is an error."""
    wanted = {name: path.read_bytes() for name, path in first(scene.shards, 2).items()}
    _, (checksum, _), *_ = scene.outside.wanted("dataset-9", scene.outside.remote)
    place = Path(checksum[:2]) / checksum[2:]
    scene.kept.restore("dataset-9", "shards", tmp_path / "1")
    cached = scene.outside.cache / place
    cached.unlink()
    shutil.copy(scene.outside.remote / place, cached)
    cached.chmod(0o444)
    damage(cached)
    scene.kept.restore("dataset-9", "shards", tmp_path / "2")
    assert contents(tmp_path / "2") == wanted
    damage(scene.outside.remote / place)
    cached.unlink()
    with pytest.raises(RepositoryError, match=r"failed|damaged"):
        scene.kept.restore("dataset-9", "shards", tmp_path / "3")
    assert not (tmp_path / "3").exists()
    damage(scene.outside.remote / place)  # the same bit once more: it is whole again


def test_one_process_at_a_time_changes_it(scene: Scene, tmp_path: Path) -> None:
    """Who comes while another is at work is told so in the end; reading waits for nobody."""
    slow = tmp_path / "dvc"
    slow.write_text(
        f"#!/bin/sh\ntouch {tmp_path}/started\nwhile [ ! -e {tmp_path}/end ]; do sleep 0.05; done\n"
    )
    slow.chmod(0o755)
    busy = fork(Repository(scene.folder, str(slow), scene.environment).push)
    until("it works", (tmp_path / "started").exists)
    impatient = repository(scene.folder, wait_seconds=0)
    with pytest.raises(RepositoryError, match="Another process"):
        impatient.push()
    os.kill(busy, 9)
    os.waitpid(busy, 0)
    with pytest.raises(RepositoryError, match="Another process"):  # what it has started still runs
        impatient.push()
    assert impatient.tags("dataset-1") == ["dataset-10"]
    (tmp_path / "end").touch()
    Repository(scene.folder, "true", scene.environment).push()


def test_what_takes_too_long_is_ended(scene: Scene, tmp_path: Path) -> None:
    """A command of DVC has so much time; the error names it and says that one may call again."""
    endless = tmp_path / "dvc"
    endless.write_text("#!/bin/sh\nexec sleep 600\n")
    endless.chmod(0o755)
    with pytest.raises(RepositoryError, match=r"dvc push did not end within 0\.2 s.*call again"):
        Repository(scene.folder, str(endless), scene.environment, dvc_seconds=0.2).push()


def test_a_dvc_that_is_not_there_is_named(scene: Scene) -> None:
    """The error says how to make the environment."""
    with pytest.raises(RepositoryError, match=r"/no/dvc cannot be started.*stack run dvc"):
        Repository(scene.folder, "/no/dvc", scene.environment).push()


def test_what_is_away_or_lost_is_told_and_made_good(tmp_path: Path) -> None:
    """A remote that is away costs no version; DVC says that all is well where data are lost, we do not."""
    place = tmp_path / "disk"
    place.write_text("no folder yet")
    kept = repository(tmp_path / "repository", remote=str(place / "data"))
    kept.prepare()
    version = dataset("dataset-1", write_shards(tmp_path / "inbox", 1))
    revision = kept.commit(version)
    with pytest.raises(RepositoryError, match=f"remote: {place}/data.*Not a directory.*\n.*call again"):
        kept.push()
    place.unlink()
    shutil.rmtree(tmp_path / "repository/.dvc/cache")
    with pytest.raises(RepositoryError, match="hand the same data in again"):
        kept.push()
    assert kept.commit(version) == revision
    kept.push()
    outside = Outside(tmp_path / "repository")
    outside.remote = place / "data/files/md5"
    outside.check(pushed=True)


HALVES = {
    "an empty folder": {},
    "an empty .git": {".git/": ""},
    "a .git without HEAD": {".git/objects/": ""},
    "a locked .git": {
        f".git/{name}.lock": "" for name in ("config", "HEAD", "index", "refs/heads/main", "packed-refs")
    },
    "an empty .dvc": {".dvc/": ""},
    "half of .dvc": {".dvc/config": "[co", ".dvc/tmp/rwlock": '{"wri', ".dvc/tmp/part": "["},
}


@pytest.mark.parametrize("half", HALVES)
def test_what_is_half_made_is_made_whole(tmp_path: Path, half: str) -> None:
    """A process that was killed on the way leaves nothing that the next does not mend."""
    folder = tmp_path / "repository"
    for name, content in HALVES[half].items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            (folder / name).mkdir()
        else:
            (folder / name).write_text(content)
    folder.mkdir(exist_ok=True)
    repository(folder).prepare()
    outside = Outside(folder)
    assert outside.git("status", "--porcelain") == ""
    assert outside.git("log", "--format=%s") == "Keep settings\n"
    assert "analytics = false" in (folder / ".dvc/config").read_text()


def test_a_model_comes_back_from_where_its_user_wants_it(tmp_path: Path) -> None:
    """Folders and empty files are as they were; .dvc/config.local wins, and a path is relative to it."""
    (tmp_path / "package/artifacts/deep").mkdir(parents=True)
    (tmp_path / "package/model.toml").write_text("version = 1")
    (tmp_path / "package/artifacts/weights.pt").write_bytes(bytes(1000))
    (tmp_path / "package/artifacts/deep/empty").write_bytes(b"")
    kept = repository(tmp_path / "repository")
    kept.prepare()
    local = tmp_path / "repository/.dvc/config.local"
    local.write_text("['remote \"storage\"']\n    url = ../../elsewhere\n")
    wanted, files = contents(tmp_path / "package"), trees.files_of(tmp_path / "package")
    kept.commit(Version("model-1", "-m", {"models/1": files, "golden": {}}, {"lineage.json": LINEAGE}))
    kept.prepare()
    kept.push()
    assert not list((tmp_path / "remote").iterdir())
    assert "elsewhere" in local.read_text()
    shutil.rmtree(tmp_path / "repository/.dvc/cache")
    kept.restore("model-1", "models/1", tmp_path / "restored")
    assert contents(tmp_path / "restored") == wanted
    assert kept.read("model-1", "lineage.json") == LINEAGE
    assert Outside(tmp_path / "repository").git("status", "--porcelain") == ""


def test_killed_at_any_instant_it_goes_on(tmp_path: Path) -> None:
    """Every version is whole after each kill, and the next process finishes all, at the remote too."""
    at_random(tmp_path, 5)
