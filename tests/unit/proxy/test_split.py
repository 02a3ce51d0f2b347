"""The split is read from the file that people edit, and written into it with all else left as it is."""

import random
import re
import subprocess
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import pytest

from proxy.split import CannotWrite, NotUnderstood, Server, parse, shared, with_weights
from stack.plain.packages import find_program

SHIPPED = (Path(__file__).parents[3] / "nginx/default.conf").read_text("utf-8")
STABLE, CANDIDATE = "model_server", "model_server_new"
SEEDS = range(60)


def upstream(*lines: str) -> str:
    return "\n".join(["upstream split {", *(f"    {line}" for line in lines), "}", ""])


def weights(text: str) -> dict[str, int]:
    return {server.slot: server.weight for server in parse(text).servers}


def why(text: str) -> list[str]:
    return [one.why for one in parse(text).not_understood]


class Person:
    """Someone who writes a split: the same seed writes the same one."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def writes(self) -> str:
        """Return a file whose split is understood, in one of many spellings."""
        servers = [self._server(slot) for slot in self._shuffled(STABLE, CANDIDATE)]
        others = ["zone split 256k;", "random;", "# server model_server:8000 weight=7;", "keepalive 16;"]
        inside = [*servers, *self.random.sample(others, self.random.randint(0, 3))]
        if "random;" in inside:  # a method stands before what depends on it
            inside.insert(0, inside.pop(inside.index("random;")))
        if "keepalive 16;" in inside:
            inside.append(inside.pop(inside.index("keepalive 16;")))
        lines = [
            *self._remarks(),
            self.random.choice(["upstream split {", "upstream  split{", "upstream\tsplit # this one\n{"]),
            *(f"{self._space()}{line}{self.random.choice(['', ' ', '  # weight=3; }'])}" for line in inside),
            "}",
            *self._remarks(),
            "upstream other { server model_server:8000 weight=5; }",
        ]
        return self.random.choice(["\n", "\r\n"]).join(lines) + "\n"

    def weights(self) -> dict[str, int]:
        """Return what somebody may want: one slot may get nothing."""
        one = {STABLE: self.random.randint(0, 99), CANDIDATE: self.random.randint(0, 99)}
        return one if any(one.values()) else self.weights()

    def replicas(self) -> dict[str, int]:
        return {STABLE: self.random.randint(1, 16), CANDIDATE: self.random.randint(1, 16)}

    def _server(self, slot: str) -> str:
        weight = [f"weight={self.random.randint(1, 40)}"] if self.random.random() < 0.7 else []
        down = ["down"] if self.random.random() < 0.2 else []
        rest = self.random.sample(
            ["max_fails=0", "fail_timeout=5s", "max_conns=9"], self.random.randint(0, 3)
        )
        words = ["server", f"{slot}:8000", *self._shuffled(*weight, *down, *rest)]
        return self._space(least=1).join(words) + self.random.choice(["", self._space()]) + ";"

    def _remarks(self) -> list[str]:
        chosen = ["", "# upstream split { server model_server:8000 weight=9; }", "# it's \"quoted", "#;"]
        return self.random.sample(chosen, self.random.randint(0, 3))

    def _space(self, least: int = 0) -> str:
        return "".join(self.random.choice(" \t") for _ in range(self.random.randint(least, 4)))

    def _shuffled(self, *words: str) -> list[str]:
        return self.random.sample(words, len(words))


def without_weights(text: str) -> str:
    return re.sub(r"[ \t]+(weight=\d+|down)\b", "", text)


def nginx_complaint(text: str, folder: Path) -> str:
    """Return what the installed nginx says against a file; its DNS knows no slot."""
    for slot in (CANDIDATE, STABLE):
        text = text.replace(f"{slot}:8000", "127.0.0.1:8000")
    path = folder / "nginx.conf"
    path.write_bytes(f"pid {folder}/pid; error_log stderr; events {{}} http {{\n{text}\n}}".encode())
    command = [find_program("nginx") or "nginx", "-t", "-q", "-c", str(path)]
    return subprocess.run(command, check=False, capture_output=True, text=True).stderr


def test_the_shipped_split_is_read() -> None:
    """Servers come with their slot, weight and line."""
    lines = [number for number, line in enumerate(SHIPPED.splitlines(), 1) if line.startswith("    server")]
    assert parse(SHIPPED).servers == (Server(STABLE, 1, lines[0]), Server(CANDIDATE, 1, lines[1]))
    assert parse(SHIPPED).not_understood == ()


@pytest.mark.parametrize(
    ("server", "weight"),
    [
        ("server model_server:8000 weight=9 resolve;", 9),
        ("server model_server:8000;", 1),
        ("server model_server:8000 down weight=9;", 0),
        ("server\tmodel_server:8000\n        weight=12 # so far\n        max_fails=0\n    ;", 12),
        ("server model_server:8000 weight=3; server model_server_new:8000 down;", 3),
    ],
)
def test_a_server_is_read_however_it_is_spelled(server: str, weight: int) -> None:
    """No weight is 1, `down` is 0; a directive may take several lines, or share one."""
    assert weights(upstream(server))[STABLE] == weight
    assert not why(upstream(server))


def test_a_server_behind_a_hash_is_none() -> None:
    """Nor is one of another upstream."""
    text = upstream("# server model_server:8000;", "server model_server_new:8000;")
    assert weights(text + "upstream mine { server model_server:8000; }") == {CANDIDATE: 1}


@pytest.mark.parametrize("seed", SEEDS)
def test_weights_are_written_and_nothing_else(seed: int) -> None:
    """What was asked for is read back, all else is the person's; a second time changes nothing."""
    person = Person(seed)
    text, wanted = person.writes(), person.weights()
    written = with_weights(text, wanted)
    assert weights(written) == wanted
    assert parse(written).not_understood == ()
    assert with_weights(written, wanted) == written
    assert without_weights(written) == without_weights(text)
    assert [one.line for one in parse(written).servers] == [one.line for one in parse(text).servers]


@pytest.mark.parametrize("seed", SEEDS)
def test_replicas_share_and_the_shares_hold(seed: int) -> None:
    """Each replica's weight times their number stands as the weights that were written."""
    person = Person(seed)
    text, replicas = person.writes(), person.replicas()
    before, after = weights(text), weights(shared(text, replicas))
    together = {slot: after[slot] * replicas[slot] for slot in after}
    if sum(before.values()):
        assert shares(together) == shares(before)
    assert without_weights(shared(text, replicas)) == without_weights(text)
    assert shared(text, dict.fromkeys(replicas, replicas[STABLE])) == text


def shares(of: Mapping[str, int]) -> dict[str, Fraction]:
    return {slot: Fraction(weight, sum(of.values())) for slot, weight in of.items()}


@pytest.mark.parametrize("seed", SEEDS)
def test_nginx_accepts_what_is_written(tmp_path: Path, seed: int) -> None:
    """As it accepts what the person wrote."""
    person = Person(seed)
    text = person.writes()
    assert nginx_complaint(text, tmp_path) == ""
    assert nginx_complaint(shared(with_weights(text, person.weights()), person.replicas()), tmp_path) == ""


def test_a_slot_taken_out_comes_back_to_the_same_file() -> None:
    """`down` takes the weight's place, and the weight `down`'s."""
    text = upstream("server model_server:8000      weight=9  max_fails=0;", "server model_server_new:8000;")
    out = with_weights(text, {STABLE: 0})
    assert "server model_server:8000      down  max_fails=0;" in out
    assert with_weights(out, {STABLE: 9}) == text


@pytest.mark.parametrize(
    "server",
    [
        "server unix:/run/model.sock;",
        "server 10.0.0.7:8000 weight=3;",
        "server model_server:9000;",
        "server model_server_old:8000;",
        'server "model_server:8000";',
        "server model_server:8000 backup;",
        "server model_server:8000 weight=none;",
        "server model_server:8000 weight=0;",
        "server model_server:8000 weight=1 weight=2;",
        "server model_server:8000 down down;",
        "server;",
    ],
)
def test_what_is_not_understood_is_said_and_left_alone(server: str) -> None:
    """The line names what stands there; the other slot's weight can still be written."""
    text = upstream("server model_server_new:8000 weight=2;", server)
    (found,) = parse(text).not_understood
    assert found.line == 3
    assert server.rstrip(";") in found.why
    assert weights(text) == {CANDIDATE: 2}
    written = with_weights(shared(text, {STABLE: 3, CANDIDATE: 2}), {CANDIDATE: 5})
    assert written == text.replace("weight=2;", "weight=5;", 1)
    with pytest.raises(CannotWrite, match="has no servers model_server:8000"):
        with_weights(text, {STABLE: 1})


def test_a_forgotten_semicolon_is_not_understood() -> None:
    """nginx reads both lines as one server."""
    text = upstream("server model_server:8000 weight=1", "server model_server_new:8000;")
    assert why(text) == ["`server model_server:8000 weight=1 server model_server_new:8000`: server"]


def test_a_second_split_is_not_understood() -> None:
    """The first one counts."""
    text = upstream("server model_server:8000 weight=4;") + upstream("server model_server_new:8000;")
    assert parse(text).not_understood == (NotUnderstood(4, "a second `upstream split`"),)
    assert weights(text) == {STABLE: 4}


def test_a_slot_with_two_servers_has_no_one_weight() -> None:
    """Sharing among replicas multiplies both; to write one weight is refused."""
    text = upstream(
        "server model_server:8000 weight=2;", "server model_server:8000;", "server model_server_new:8000;"
    )
    assert shared(text, {CANDIDATE: 2}).count("weight=4") == 1
    with pytest.raises(CannotWrite, match="has 2 servers model_server:8000; it needs one"):
        with_weights(text, {STABLE: 3})


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ({STABLE: 0, CANDIDATE: 0}, "^one slot needs a weight above 0$"),
        ({STABLE: -1}, "^model_server: a weight is 0 or more, not -1$"),
    ],
)
def test_a_split_without_any_weight_is_refused(wanted: dict[str, int], reason: str) -> None:
    """It would leave nobody to answer."""
    with pytest.raises(CannotWrite, match=reason):
        with_weights(SHIPPED, wanted)


def test_the_last_weight_cannot_be_taken() -> None:
    """A slot that is not named counts with what it has."""
    with pytest.raises(CannotWrite, match="one slot needs a weight above 0"):
        with_weights(with_weights(SHIPPED, {STABLE: 0}), {CANDIDATE: 0})


def test_a_file_without_a_split_stays_as_it_is() -> None:
    """Nothing is found in it, and nothing is said."""
    text = "server {\n    listen 80;\n}\nupstream stable { server model_server:8000; }\n"
    assert (parse(text).servers, parse(text).not_understood) == ((), ())
    assert shared(text, {STABLE: 3}) == text


@pytest.mark.parametrize(
    "text", ["", "}", "upstream split {", "upstream split { server model_server:8000", '"', "\\"]
)
def test_half_a_file_is_read_as_far_as_it_goes(text: str) -> None:
    """An editor may be half-way through; nginx complains of what is wrong."""
    assert parse(text).servers == ()
    assert shared(text, {STABLE: 2}) == text


def test_a_slot_that_is_down_shares_nothing() -> None:
    """Its replicas come and go without a reload."""
    text = upstream("server model_server:8000 down;", "server model_server_new:8000 weight=2;")
    assert shared(text, {STABLE: 3, CANDIDATE: 2}) == text


def test_a_slot_behind_a_hash_has_no_weight_already() -> None:
    """To take it out changes nothing; to bring it back is for whoever put the hash there."""
    text = upstream("server model_server:8000;", "# server model_server_new:8000;")
    assert with_weights(text, {STABLE: 1, CANDIDATE: 0}) == text
    with pytest.raises(CannotWrite, match="has no servers model_server_new:8000"):
        with_weights(text, {CANDIDATE: 1})


def test_a_block_within_the_split_does_not_end_it() -> None:
    """Nor does what is wrong before it hide it."""
    text = upstream("mine { server model_server:8000; }", "server model_server_new:8000 weight=6;")
    assert weights("a b }\n" + text) == {CANDIDATE: 6}
