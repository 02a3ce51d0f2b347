"""What people edit is rendered for nginx, while it is edited and after a crash."""

from pathlib import Path

import pytest

from proxy.render import (
    Look,
    WrongSplit,
    copy_scripts,
    keep_rendered,
    not_understood,
    read_folder,
    rendered,
    source_of,
    write_folder,
)
from tests.unit.proxy.conftest import Renderer, Stack, wait_for
from tests.unit.proxy.test_reload_watcher import CANDIDATE, STABLE, slots_of

PROJECT = Path(__file__).parents[3]
ONE_EACH = {"model_server": 1, "model_server_new": 1}
SPLIT = "upstream split { server model_server:8000; }"


def test_with_one_replica_each_nginx_reads_what_was_written(tmp_path: Path) -> None:
    """Byte for byte, with Windows' line ends and a comment in another encoding too."""
    source, target = source_of(tmp_path), tmp_path / "target"
    source.folder.mkdir()
    source.split.parent.mkdir()
    text = source_of(PROJECT).split.read_bytes().replace(b"\n", b"\r\n") + "# für später".encode("latin-1")
    source.split.write_bytes(text)
    write_folder(target, rendered(Look(source.read(), ONE_EACH)))
    assert (target / "default.conf").read_bytes() == text


def test_only_what_changed_is_written(tmp_path: Path) -> None:
    """And nginx.conf last: nginx waits for it, and then has all."""
    files = {"nginx.conf": "a", "default.conf": "b", "servers.conf": "c"}
    assert write_folder(tmp_path, files) == ["default.conf", "nginx.conf", "servers.conf"]
    times = {name: (tmp_path / name).stat().st_mtime_ns for name in files}
    assert max(times, key=times.__getitem__) == "nginx.conf"
    assert write_folder(tmp_path, files | {"default.conf": "d"}) == ["default.conf"]
    assert write_folder(tmp_path, {"nginx.conf": "a"}) == ["default.conf", "servers.conf"]
    assert [path.name for path in tmp_path.iterdir()] == ["nginx.conf"]


def test_what_nginxs_container_runs_lies_beside_what_is_rendered(tmp_path: Path) -> None:
    """As it is in the image; what was there from before is replaced, and rendering leaves it."""
    (tmp_path / "start.sh").write_text("of an older version")
    copy_scripts(tmp_path)
    write_folder(tmp_path, {"nginx.conf": "a"})
    names = ["nginx.conf", "reload_watcher.sh", "start.sh"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    for name in names[1:]:
        assert (tmp_path / name).read_bytes() == (PROJECT / "proxy" / name).read_bytes()


def test_an_editors_own_files_are_none_of_nginxs(tmp_path: Path) -> None:
    """Emacs keeps a link to nowhere beside a file that is being edited."""
    (tmp_path / ".#default.conf").symlink_to("someone@somewhere.1234")
    (tmp_path / "default.conf~").write_text("")
    assert read_folder(tmp_path) == {}


def test_beside_the_split_nothing_is_read(tmp_path: Path) -> None:
    """In its folder the release program may write; the split is no other file's, and one must be there."""
    source = source_of(tmp_path)
    source.folder.mkdir()
    source.split.parent.mkdir()
    (source.folder / "nginx.conf").write_text("a")
    (source.folder / "default.conf").write_text("b")
    (source.split.parent / "nginx.conf").write_text("c")
    with pytest.raises(FileNotFoundError, match=str(source.split)):
        source.read()
    source.split.write_text(SPLIT)
    assert source.read() == {"nginx.conf": "a", "default.conf": SPLIT}


def test_what_is_not_understood_is_named_by_file_and_line() -> None:
    """Wherever the split stands."""
    text = "upstream split {\n    server model_server:8000;\n    server model_server_new:8000 backup;\n}\n"
    files = {"nginx.conf": "include mine.conf;", "mine.conf": text}
    assert not_understood(Look(files, ONE_EACH)) == [
        "mine.conf:3: `server model_server_new:8000 backup`: backup"
    ]
    assert rendered(Look(files, ONE_EACH))["mine.conf"] == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "default.conf: there is no `upstream split` with a server for each slot"),
        ("# upstream split {}", "default.conf: there is no `upstream split` with a server for each slot"),
        ("upstream other { server model_server:8000; }", "default.conf: there is no `upstream split`"),
        ("upstream split {\n}", "default.conf: there is no `upstream split`"),
        ("upstream split { server model_server:8000 down; }", "default.conf: no slot would get a request"),
        (
            "upstream split {\n server model_server:8000;\n server mode:8000 resolve;\n}",
            "default.conf:3: `server mode:8000 resolve`: not model_server:8000 or model_server_new:8000",
        ),
        (
            "upstream split {\n server model_server:8000 down;\n server model_server_new:8000 down;\n}",
            "default.conf: no slot would get a request; take `down` from one",
        ),
    ],
)
def test_a_split_that_would_lose_requests_is_not_rendered(text: str, why: str) -> None:
    """nginx would accept it, and answer 502."""
    with pytest.raises(WrongSplit) as wrong:
        rendered(Look({"default.conf": text, "nginx.conf": "whatever;"}, ONE_EACH))
    assert len(wrong.value.lines) == 1
    assert wrong.value.lines[0].startswith(why)


@pytest.mark.parametrize(
    ("old", "new"),
    [("upstream split", "upstream spilt"), ("server model_server_new:", "server model_server_old:")],
)
def test_a_split_that_would_lose_requests_changes_nothing_and_is_explained(
    stack: Stack, renderer: Renderer, watcher_log: Path, old: str, new: str
) -> None:
    """The log names the folder that people edit; the next right edit counts."""
    before = read_folder(stack.rendered)
    stack.edit(old, new)
    said = f"the edit is wrong, the old split stays in effect: {stack.source.split}"
    wait_for(lambda: said in renderer.log.read_text(), seconds=3)
    assert read_folder(stack.rendered) == before
    assert slots_of(stack).count("model_server") == 5
    stack.edit(new, old)
    stack.edit(STABLE, "model_server:8000 weight=9")
    wait_for(lambda: slots_of(stack).count("model_server") == 9, seconds=3)
    assert renderer.log.read_text().count("the edit is wrong") == 1


def test_a_change_is_one_line_in_the_log(stack: Stack, renderer: Renderer, watcher_log: Path) -> None:
    """So is what of it is passed on as it was written."""
    stack.edit(STABLE, "model_server:8000 weight=2 backup")
    stack.edit(CANDIDATE, "model_server_new:8000 weight=5")
    wait_for(lambda: "backup" in renderer.log.read_text(), seconds=3)
    stack.replicas.write_text("model_server=2")
    wait_for(lambda: "model_server 2" in renderer.log.read_text(), seconds=3)
    lines = renderer.log.read_text().splitlines()
    assert "rendered assignment.conf default.conf; replicas: model_server 1, model_server_new 1" in lines[0]
    assert f"not understood, left as it is: {stack.source.split}:16: " in lines[1]


def test_half_a_file_is_not_rendered(tmp_path: Path) -> None:
    """While an editor writes piece by piece, nginx keeps the old file whole."""
    source, target = source_of(tmp_path), tmp_path / "target"
    source.folder.mkdir()
    source.split.parent.mkdir()
    found: list[str] = []
    pieces = ["old;", "old;", "", "ne", "new", "new;", "new;", "new;"]
    source.split.write_text(pieces[0])
    (source.folder / "nginx.conf").write_text(SPLIT)

    def another_look() -> None:
        found.append(read_folder(target)["default.conf"] if target.exists() else "nothing yet")
        if len(found) == len(pieces):
            raise EOFError
        source.split.write_text(pieces[len(found)])

    with pytest.raises(EOFError):
        keep_rendered(source, target, dict, pause=another_look)
    assert found == ["nothing yet", "old;", "old;", "old;", "old;", "old;", "new;", "new;"]


def test_a_file_that_cannot_be_read_changes_nothing_and_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rendering goes on as soon as it can be."""
    source, target = source_of(tmp_path), tmp_path / "target"
    source.split.mkdir(parents=True)
    source.folder.mkdir()
    (source.folder / "nginx.conf").write_text(SPLIT)
    looks: list[bool] = []

    def another_look() -> None:
        looks.append(target.exists())
        if len(looks) == 3:
            source.split.rmdir()
            source.split.write_text("")
        if len(looks) == 5:
            raise EOFError

    with pytest.raises(EOFError):
        keep_rendered(source, target, dict, pause=another_look)
    assert looks == [False, False, False, False, True]
    complaint, *_ = capsys.readouterr().out.splitlines()
    assert "Is a directory" in complaint
    assert "default.conf" in complaint


def test_a_crash_while_writing_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new one takes its place at once or not at all, and what a crash leaves is none of nginx's."""
    write_folder(tmp_path, {"default.conf": "old"})
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        write_folder(tmp_path, {"default.conf": "new"})
    assert read_folder(tmp_path) == {"default.conf": "old"}


def test_without_the_renderer_requests_go_on_and_a_new_one_catches_up(
    stack: Stack, renderer: Renderer, watcher_log: Path
) -> None:
    """An edit that nobody saw counts from the start of what renders next."""
    renderer.kill()
    stack.edit(STABLE, "model_server:8000 weight=9")
    assert slots_of(stack).count("model_server") == 5
    renderer.start()
    wait_for(lambda: slots_of(stack).count("model_server") == 9, seconds=3)
