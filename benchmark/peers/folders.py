"""Read the peers' folders: peer.toml says what each is, how it is started, and why with these settings."""

import tomllib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from benchmark.measurement import Description
from benchmark.systems import Server, SystemUnderTest, Target, Testbed
from stack.plain.probes import http_complaint
from stack.plain.program import Program

FOLDER = Path(__file__).parent
FAST_DECODER: Mapping[str, str] = MappingProxyType({"PEER_DECODER": "fast"})
NOTHING: Mapping[str, str] = MappingProxyType({})


def peer_systems() -> list[SystemUnderTest]:
    """Return a system for every folder, and a second one with our decoder where the peer can use it."""
    found = []
    for file in sorted(FOLDER.glob("*/peer.toml")):
        peer = tomllib.loads(file.read_text("utf-8"))
        found.append(system_of(file.parent.name, peer))
        if peer.get("fast_decoder"):
            found.append(system_of(file.parent.name, peer, FAST_DECODER))
    return found


def system_of(name: str, peer: Mapping[str, Any], extra: Mapping[str, str] = NOTHING) -> SystemUnderTest:
    """Return the system that a peer.toml describes, with further variables."""
    variables = {**peer["variables"], **extra}
    fast = bool(extra)
    description = Description(
        f"{name}-fast-decoder" if fast else name,
        f"{peer['title']} with our decoder" if fast else peer["title"],
        "the same server, but with our model server's decoding: what remains is the server's part."
        if fast
        else peer["what"],
        variables,
        "" if fast else peer["why"].strip(),
    )
    target = partial(_target, name=name, peer=peer, variables=variables)
    return SystemUnderTest(
        description, peer["serves"], peer["form"], target, [peer["environment"]], main_case_only=fast
    )


def _target(testbed: Testbed, *, name: str, peer: Mapping[str, Any], variables: Mapping[str, str]) -> Target:
    base = f"http://127.0.0.1:{testbed.port}"
    python = testbed.python(peer["environment"])
    package = testbed.image_package if peer["serves"] == "images" else testbed.regressor_package
    environment = {
        "PORT": str(testbed.port),
        "WORK_FOLDER": str(testbed.folder),
        "MODEL_PACKAGE": str(package),
        "MONGODB_URI": testbed.mongodb_uri,
        **{key: value.replace("cores", str(testbed.cores)) for key, value in variables.items()},
    }
    module = f"benchmark.peers.{name}.serve"
    program = Program(name, (str(python), "-m", module), environment)
    return Target([Server(program, partial(http_complaint, base + peer["ready"]))], base + peer["path"])
