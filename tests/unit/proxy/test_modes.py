"""Draws, experiments and shadows are read from the file that people edit, and written into it."""

from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from proxy.assignment import assignment, copies
from proxy.modes import Modes, parse_modes, with_experiment, with_shadow
from proxy.render import Look, WrongSplit, rendered
from proxy.routing import Routing, checksum, read, written
from proxy.split import CannotWrite, parse, with_draws
from tests.unit.proxy.test_split import CANDIDATE, SEEDS, STABLE, Person, nginx_complaint, upstream

SHIPPED = (Path(__file__).parents[3] / "nginx/default.conf").read_text("utf-8")
EQUAL = {STABLE: 1, CANDIDATE: 1}
SPLIT = upstream("server model_server:8000 weight=9;", "server model_server_new:8000;")


def modes(*lines: str) -> Modes:
    return parse_modes("\n".join(lines))


def experiment(*lines: str) -> str:
    return f'map "" $experiment {{ {" ".join(lines)} }}'


def shadow(*lines: str) -> str:
    return f"split_clients $request_id $shadow {{ {' '.join(lines)} }}"


def test_as_shipped_all_is_off() -> None:
    """Equal shares, the next server in turn, nobody stays, nothing is copied."""
    assert read(SHIPPED) == Routing(EQUAL)
    assert parse_modes(SHIPPED) == Modes()


@pytest.mark.parametrize(
    "routing",
    [
        Routing({STABLE: 95, CANDIDATE: 5}, draws=True),
        Routing({STABLE: 0, CANDIDATE: 1}),
        Routing({STABLE: 100, CANDIDATE: 0}, shadow_percent=Decimal("0.5")),
        Routing(EQUAL, experiment="fruit-2", shadow_percent=Decimal(100)),
        Routing({STABLE: 80, CANDIDATE: 20}, draws=True, experiment="A.b_3", shadow_percent=Decimal("12.25")),
    ],
)
def test_what_is_written_is_read_and_leaves_no_trace(tmp_path: Path, routing: Routing) -> None:
    """nginx accepts it; back to what was shipped is the shipped file, byte for byte."""
    text = written(SHIPPED, routing)
    assert read(text) == routing
    assert written(text, routing) == text
    assert written(text, Routing(EQUAL)) == SHIPPED
    include = f"include {Path(__file__).parents[3]}/proxy/upstream.conf"
    assert (
        nginx_complaint(text.replace(" resolve;", ";").replace("include upstream.conf", include), tmp_path)
        == ""
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_draws_are_switched_on_and_off_with_the_rest_as_it_is(tmp_path: Path, seed: int) -> None:
    """Whatever a person wrote around them; servers and comments stay."""
    text = Person(seed).writes()
    drawn, in_turn = with_draws(text, True), with_draws(text, False)
    assert (parse(drawn).draws, parse(in_turn).draws) == (True, False)
    assert parse(drawn).weights == parse(in_turn).weights == parse(text).weights
    assert with_draws(with_draws(in_turn, True), False) == in_turn
    assert nginx_complaint(drawn, tmp_path) == nginx_complaint(in_turn, tmp_path) == ""


def test_a_comment_behind_a_draw_stays() -> None:
    """Only the directive goes."""
    text = upstream("random; # as agreed", "server model_server:8000;")
    assert with_draws(text, False) == text.replace("random;", "")
    assert parse(text).draws


@pytest.mark.parametrize("method", ["least_conn;", "random two;", "hash $uri consistent;"])
def test_another_method_is_a_persons_and_stays(method: str) -> None:
    """To write a draw beside it is refused, with the line to take out."""
    text = upstream(method, "server model_server:8000;")
    assert not parse(text).draws
    for draws in (True, False):
        with pytest.raises(CannotWrite, match=f"has `{method[:-1].replace('$', '.')}`; take that line out"):
            with_draws(text, draws)


def test_a_method_of_another_upstream_is_none_of_the_splits() -> None:
    """Nor is a file without a split given one."""
    other = "upstream mine { random; server model_server:8000; }\n"
    assert not parse(other + SPLIT).draws
    assert with_draws(other + SPLIT, False) == other + SPLIT
    with pytest.raises(CannotWrite, match="there is no `upstream split`"):
        with_draws(other, True)


@pytest.mark.parametrize(
    ("weights", "production"),
    [((1, 1), STABLE), ((9, 1), STABLE), ((1, 9), CANDIDATE), ((0, 1), CANDIDATE), ((1, 0), STABLE)],
)
def test_production_is_the_slot_with_the_larger_weight(weights: tuple[int, int], production: str) -> None:
    """Of equal ones the stable slot."""
    text = written(SHIPPED, Routing(dict(zip((STABLE, CANDIDATE), weights, strict=True))))
    assert parse(text).production == production


@pytest.mark.parametrize(
    ("block", "percent"),
    [
        (("* off;",), "0"),
        ((), "0"),
        (("* on;",), "100"),
        (("10% on;", "* off;"), "10"),
        (("0.05%  on;",), "0.05"),
        (("30% off; # not these\n", "* on;"), "70"),
        (("25% on;", "25% off;", "12.5% on;", "* off;"), "37.5"),
    ],
)
def test_a_shadows_share_is_read_however_it_is_written(block: tuple[str, ...], percent: str) -> None:
    """What nobody names is not copied."""
    assert modes(shadow(*block)) == Modes(shadow_percent=Decimal(percent))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (shadow("10 on;"), "`* off;`"),
        (shadow("10% yes;"), "`* off;`"),
        (shadow("10% on off;"), "`* off;`"),
        (experiment("default 'two words';"), "`default off;`"),
        (experiment("default off; x y;"), "`default off;`"),
        (experiment(), "`default off;`"),
        (experiment("default $cookie_x;"), "`default off;`"),
    ],
)
def test_what_is_not_understood_is_not_rendered_and_says_what_to_write(text: str, says: str) -> None:
    """By file and line; the old routing stays in effect."""
    with pytest.raises(WrongSplit) as wrong:
        rendered(Look({"default.conf": f"{SPLIT}\n{text}"}, {}))
    (line,) = wrong.value.lines
    assert line.startswith("default.conf:6: $")
    assert says in line


def test_an_experiment_needs_weights() -> None:
    """A server that is left as it is has none."""
    odd = upstream("server model_server:8000;", "server model_server_new:8000 backup;")
    with pytest.raises(WrongSplit, match=r"default\.conf:3: .*backup, of no use to an experiment"):
        rendered(Look({"default.conf": odd + experiment("default x;")}, {}))
    rendered(Look({"default.conf": odd + experiment("default off;")}, {}))


@pytest.mark.parametrize("name", ["", "off", "two words", "a;b", "x" * 65, "$uri", "ü"])
def test_a_name_that_nginx_would_misread_is_refused(name: str) -> None:
    """What to write instead is in the reason."""
    with pytest.raises(CannotWrite, match=r"A-Z a-z 0-9 \. _ -"):
        with_experiment(SHIPPED, name)


@pytest.mark.parametrize("percent", ["-1", "100.01", "0.001", "101", "NaN"])
def test_a_share_that_nginx_has_no_word_for_is_refused(percent: str) -> None:
    """So is one that is no share."""
    with pytest.raises(CannotWrite, match="a share is from 0 to 100 %"):
        with_shadow(SHIPPED, Decimal(percent))


def test_a_file_from_before_gets_the_blocks_when_they_are_wanted() -> None:
    """Not sooner: off needs none."""
    routing = Routing({STABLE: 9, CANDIDATE: 1})
    assert written(SPLIT, routing) == SPLIT
    on = Routing({STABLE: 9, CANDIDATE: 1}, experiment="x", shadow_percent=Decimal(5))
    assert read(written(SPLIT, on)) == on
    assert read(SPLIT + experiment() + shadow()) == routing
    assert read(written(SPLIT + experiment() + shadow(), on)) == on


def test_comments_in_a_block_stay() -> None:
    """A share that is written takes the first line's place."""
    text = SPLIT + "split_clients $request_id $shadow {\n    10% on; # a tenth\n    * off; # not these\n}\n"
    assert with_shadow(text, Decimal(20)) == text.replace("10% on;", "20% on; * off;").replace(
        "    * off;", "", 1
    )


def arms(text: str) -> list[str]:
    found = assignment(parse(text), parse_modes(text), "0")
    inside = found.split("$user_upstream {\n")[1].split("}")[0]
    return [line.strip() for line in inside.splitlines()]


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ((90, 10), ["10.00% sticky_model_server_new;", "* sticky_model_server;"]),
        ((10, 90), ["90.00% sticky_model_server_new;", "* sticky_model_server;"]),
        ((2, 1), ["33.33% sticky_model_server_new;", "* sticky_model_server;"]),
        ((99999, 1), ["0.01% sticky_model_server_new;", "* sticky_model_server;"]),
        ((1, 99999), ["99.99% sticky_model_server_new;", "* sticky_model_server;"]),
        ((1, 0), ["* sticky_model_server;"]),
        ((0, 1), ["* sticky_model_server_new;"]),
    ],
)
def test_an_experiments_arms_are_the_weights(weights: tuple[int, int], expected: list[str]) -> None:
    """In one order, so that a larger share keeps whom it had; a slot with a weight never gets nothing."""
    assert (
        arms(written(SHIPPED, Routing(dict(zip((STABLE, CANDIDATE), weights, strict=True)), experiment="x")))
        == expected
    )


def test_nothing_is_copied_where_there_is_no_shadow() -> None:
    """Not even by nginx to itself."""
    assert copies(Modes()) == ""
    assert copies(Modes(shadow_percent=Decimal(1))) == "mirror /_nginx/shadow;\n"


def test_every_edit_has_its_own_checksum() -> None:
    """A comment's too; what is not UTF-8 has one."""
    texts = [
        SHIPPED,
        SHIPPED + "\n",
        SHIPPED.replace("split", "Split", 1),
        b"\xff".decode("utf-8", "surrogateescape"),
    ]
    sums = sorted(map(checksum, texts))
    assert all(len(one) == 64 for one in sums)
    assert all(one != next_one for one, next_one in pairwise(sums))


def test_what_a_file_says_already_is_not_written_again() -> None:
    """A person's layout and comments stay where nothing changes."""
    text = """map "" $experiment {
    # of May
    default   one;
}
split_clients $request_id $shadow {
    25%  on; # a quarter
    *    off;
}
"""
    assert with_experiment(text, "one") == text
    assert with_shadow(text, Decimal(25)) == text
    assert parse_modes(with_shadow(text, Decimal(50))).shadow_percent == 50
