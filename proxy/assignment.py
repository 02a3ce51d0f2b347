"""To whom each request of port 80 goes, as text for assignment.conf and copies.conf."""

from decimal import Decimal

from proxy.modes import Modes
from proxy.split import NotUnderstood, OddServer, Server, Split
from service.slots import CANDIDATE, PORT, SLOTS, STABLE

FILE = "assignment.conf"
COPIES_FILE = "copies.conf"
UPSTREAMS = {STABLE: "stable", CANDIDATE: "candidate"}  # of one slot each, in servers.conf


def assignment(split: Split, modes: Modes, checksum: str) -> str:
    """Return the variables that follow from default.conf, and for an experiment the slots' upstreams."""
    tested = next(slot for slot in SLOTS if slot != split.production)
    return "".join(
        [
            _constant("configuration", checksum),
            _constant("test_upstream", UPSTREAMS[tested]),
            _copied(modes.shadow_percent),
            *(_sticky(split) if modes.experiment else _by_split()),
        ]
    )


def copies(modes: Modes) -> str:
    """Return what has nginx copy requests; nothing where there is no shadow."""
    return "mirror /_nginx/shadow;\n" if modes.shadow_percent else ""


def faults(split: Split, modes: Modes) -> list[NotUnderstood]:
    """Return what of the modes cannot be rendered."""
    odd = [one for one in split.not_understood if isinstance(one, OddServer) and not one.down]
    unweighed = [NotUnderstood(one.line, f"{one.why}, of no use to an experiment") for one in odd]
    return [*modes.faults, *(unweighed if modes.experiment else [])]


def _constant(variable: str, value: str) -> str:
    return f'map "" ${variable} {{\n    default "{value}";\n}}\n'


def _copied(percent: Decimal) -> str:
    if not percent:
        return _constant("copied", "")
    return 'map "$shadow $kind" $copied {\n    "~^on (predict|infer)$" 1;\n}\n'


def _by_split() -> list[str]:
    return [_constant("user_upstream", "split"), _constant("visitor_cookie", "")]


def _sticky(split: Split) -> list[str]:
    """Give each slot its share of the visitors.

    The arms stand in one order whatever the weights, so a larger share keeps all whom the smaller one had.
    """
    share = _hundredths_of_a_percent(split.weights[CANDIDATE], split.weights[STABLE])
    arm = f"    {share // 100}.{share % 100:02}% {_upstream_name(CANDIDATE)};\n" if share < 10_000 else ""
    rest = STABLE if share < 10_000 else CANDIDATE
    live = [slot for slot in SLOTS if split.weights[slot]]
    return [
        'split_clients "$experiment $visitor" $user_upstream {\n',
        arm if share else "",
        f"    * {_upstream_name(rest)};\n}}\n",
        "map $asked_traffic $visitor_cookie {\n    user $missing_cookie;\n}\n",
        *(_upstream(slot, live, split.servers) for slot in live),
    ]


def _hundredths_of_a_percent(part: int, rest: int) -> int:
    """Round a share to what nginx takes, but not to none or all of it."""
    share = round(10_000 * part / (part + rest))
    return min(max(share, 1), 9_999) if part and rest else share


def _upstream_name(slot: str) -> str:
    return f"sticky_{slot}"


def _upstream(slot: str, live: list[str], servers: tuple[Server, ...]) -> str:
    """Return a slot's upstream: the other slot takes what this one cannot, as in the split."""
    name = _upstream_name(slot)
    lines = "".join(_server(one, is_backup=one.slot != slot) for one in servers if one.slot in live)
    return f"upstream {name} {{\n    zone {name} 256k;\n{lines}    include upstream.conf;\n}}\n"


def _server(one: Server, is_backup: bool) -> str:
    words = ["server", f"{one.slot}:{PORT}", *one.parameters, *(["backup"] if is_backup else [])]
    return f"    {' '.join(words)};\n"
