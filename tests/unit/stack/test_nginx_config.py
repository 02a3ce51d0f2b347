"""nginx's files, rendered for the loopback."""

import re
import subprocess
from pathlib import Path

import pytest

from proxy.body_limit import parse_body_limit
from proxy.render import source_of
from proxy.split import shared
from stack.plain.addresses import Addresses
from stack.plain.nginx_config import NginxPlace, nginx_version, render, render_folder
from stack.plain.packages import find_program

SOURCE = source_of(Path(__file__).parents[3])
LISTENERS = {
    80: "127.0.0.1:8080",
    8000: "127.0.0.1:8100",
    8001: "127.0.0.1:8101",
    8081: "127.0.0.1:8181",
    8082: "127.0.0.1:8182",
    8083: "127.0.0.1:8183",
}
AT_ONCE = {8000: "127.0.0.1:9000", 8081: "127.0.0.1:18081"}


def place(temporary: Path, version: tuple[int, ...] = (1, 22, 1), stable: int = 1) -> NginxPlace:
    slots = {
        "model_server": tuple(f"127.0.0.1:{18000 + 2 * number}" for number in range(stable)),
        "model_server_new": ("127.0.0.1:18001",),
    }
    return NginxPlace(Addresses(slots, LISTENERS, {}), temporary, version)


def test_service_names_become_addresses(tmp_path: Path) -> None:
    """Each slot's name becomes its own address, and `resolve`, which needs a DNS server, goes."""
    text = "  server model_server:8000 weight=1 resolve;\n  server model_server_new:8000 resolve weight=2;\n"
    expected = "  server 127.0.0.1:18000 weight=1;\n  server 127.0.0.1:18001 weight=2;\n"
    assert render(text, place(tmp_path)) == expected


def test_one_listener_may_have_anothers_old_port(tmp_path: Path) -> None:
    """As with HTTP_PORT=8081: each is moved once, and a slot's own address is none of nginx's."""
    moved = Addresses({"model_server": ("127.0.0.1:8000",)}, {80: "127.0.0.1:8081", **AT_ONCE}, {})
    text = "listen 80;\nlisten 127.0.0.1:8081;\nserver 127.0.0.1:8081 ;\nserver model_server:8000 ;\n"
    expected = (
        "listen 127.0.0.1:8081;\nlisten 127.0.0.1:18081;\nserver 127.0.0.1:18081 ;\nserver 127.0.0.1:8000 ;\n"
    )
    assert render(text, NginxPlace(moved, tmp_path, (1, 22, 1))) == expected


def test_a_slot_has_a_server_for_each_replica(tmp_path: Path) -> None:
    """All stand on the slot's line, so that lines keep their numbers."""
    text = "    server model_server:8000 max_fails=0 resolve; # stable\n"
    expected = "    server 127.0.0.1:18000 max_fails=0; server 127.0.0.1:18002 max_fails=0; # stable\n"
    assert render(text, place(tmp_path, stable=2)) == expected


@pytest.mark.parametrize(
    ("stable", "candidate", "expected"),
    [(1, 1, (9, 1)), (3, 1, (9, 3)), (1, 3, (27, 1)), (2, 3, (27, 2)), (4, 2, (9, 2)), (16, 16, (9, 1))],
)
def test_replicas_share_their_slots_weight(stable: int, candidate: int, expected: tuple[int, int]) -> None:
    """Whatever their numbers, the sums of weights stand as 9 to 1."""
    servers = "server model_server:8000 weight=9 resolve;\nserver model_server_new:8000 resolve;\n"
    text = shared(
        f"upstream split {{\n{servers}}}\n", {"model_server": stable, "model_server_new": candidate}
    )
    weights = dict(re.findall(r"server (\w+):8000 +weight=(\d+)", text))
    assert (int(weights["model_server"]), int(weights.get("model_server_new", 1))) == expected
    assert expected[0] * stable == 9 * expected[1] * candidate


def test_the_plain_way_shares_weights_too(tmp_path: Path) -> None:
    """Three processes of the stable slot have its weight together, and the candidate's one as much."""
    render_folder(SOURCE, tmp_path / "nginx", place(tmp_path, stable=3))
    split = (tmp_path / "nginx" / "default.conf").read_text("utf-8")
    found = re.findall(r"server 127\.0\.0\.1:(\d+) +weight=(\d+)", split)
    assert found == [("18000", "1"), ("18002", "1"), ("18004", "1"), ("18001", "3")]


def test_a_server_of_several_lines_is_copied_without_them(tmp_path: Path) -> None:
    """So that lines keep their numbers here as well."""
    text = "server model_server:8000 # the stable one\n    weight=2 # twice\n    resolve;\n"
    expected = (
        "server 127.0.0.1:18000 # the stable one\n    weight=2 # twice\n; server 127.0.0.1:18002 weight=2;\n"
    )
    assert render(text, place(tmp_path, stable=2)) == expected


@pytest.mark.parametrize("edit", ["weight=9", "down", "weight=3 max_fails=2"])
def test_an_edited_split_survives(tmp_path: Path, edit: str) -> None:
    """What a person writes on a server line is what counts, in this way of running too."""
    text = f"server model_server:8000 {edit} resolve;"
    assert render(text, place(tmp_path)) == f"server 127.0.0.1:18000 {edit};"


def test_a_slot_that_is_commented_out_stays_out(tmp_path: Path) -> None:
    """A server line behind a # is not brought back."""
    text = "# server model_server_new:8000 weight=1 resolve;"
    assert render(text, place(tmp_path)) == text


def test_lines_keep_their_numbers(tmp_path: Path) -> None:
    """A complaint about a rendered line points into the edited file."""
    for text in SOURCE.read().values():
        assert render(text, place(tmp_path)).count("\n") == text.count("\n")


def test_an_nginx_that_knows_min_timeout_keeps_it(tmp_path: Path) -> None:
    """The directive is replaced only where nginx would refuse it."""
    text = "keepalive_min_timeout 10s;"
    assert render(text, place(tmp_path, (1, 27, 4))) == text
    assert render(text, place(tmp_path, (1, 22, 1))) == "keepalive_timeout 0;"


def test_a_file_that_is_gone_is_gone_in_the_rendered_folder(tmp_path: Path) -> None:
    """What the source no longer has does not linger."""
    source, target = source_of(tmp_path), tmp_path / "target"
    for folder in (source.folder, source.split.parent, target):
        folder.mkdir()
    (target / "old.conf").write_text("")
    (source.folder / "new.conf").write_text("")
    source.split.write_text("upstream split { server model_server:8000; }")
    render_folder(source, target, place(tmp_path))
    rendered = {"assignment.conf", "body_limit.conf", "copies.conf", "fallbacks.conf", "turns.conf"}
    assert {path.name for path in target.iterdir()} == {"default.conf", "new.conf", *rendered}


def test_nginx_accepts_the_shipped_files(tmp_path: Path) -> None:
    """The installed nginx reads the rendered configuration without a complaint."""
    render_folder(SOURCE, tmp_path / "nginx", place(tmp_path, nginx_version()))
    command = [find_program("nginx") or "nginx", "-t", "-q", "-c", str(tmp_path / "nginx" / "nginx.conf")]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_counted_log_goes_to_the_port_at_which_the_counts_are_served(tmp_path: Path) -> None:
    """Where nothing counts, none is sent."""
    text = SOURCE.read()["access_log.conf"]
    receives = Addresses({}, LISTENERS, {"nginx_log_exporter": ("127.0.0.1:19114",)})
    (line,) = re.findall(
        r"^access_log syslog.*$", render(text, NginxPlace(receives, tmp_path, (1, 22, 1))), re.M
    )
    assert line == "access_log syslog:server=127.0.0.1:19114,nohostname,tag=nginx counted;"
    assert "syslog:" not in render(text, place(tmp_path))


@pytest.mark.parametrize("written", ["0", "67108865", "10m", "-1", "1e6", "²"])
def test_a_body_limit_that_is_none_is_refused(written: str) -> None:
    """The reason names the variable and its bounds."""
    with pytest.raises(
        ValueError, match=r"^MAX_BODY_BYTES: .* is not a number of bytes from 1 to 67108864; correct"
    ):
        parse_body_limit(written)


def test_a_body_limit_is_a_number_of_bytes() -> None:
    """Where .env says nothing, 10 MiB."""
    assert [parse_body_limit(written) for written in ("", "1", "67108864")] == [10485760, 1, 67108864]
