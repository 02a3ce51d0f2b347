"""Read the peers' folders: peer.toml says what each is, how it is started, and why with these settings."""

import tomllib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from benchmark.contestants import Contestant, Ground, Lineup, Program
from benchmark.measurement import About

FOLDER = Path(__file__).parent
FAST_DECODER: Mapping[str, str] = MappingProxyType({"PEER_DECODER": "fast"})
NOTHING: Mapping[str, str] = MappingProxyType({})


def peer_contestants() -> list[Contestant]:
    """Return a contestant for every folder, and a second one with our decoder where the peer can use it."""
    found = []
    for file in sorted(FOLDER.glob("*/peer.toml")):
        said = tomllib.loads(file.read_text("utf-8"))
        found.append(contestant_of(file.parent.name, said))
        if said.get("fast_decoder"):
            found.append(contestant_of(file.parent.name, said, FAST_DECODER))
    return found


def contestant_of(name: str, said: Mapping[str, Any], extra: Mapping[str, str] = NOTHING) -> Contestant:
    """Return the contestant that a peer.toml describes, with further variables."""
    variables = {**said["variables"], **extra}
    fast = bool(extra)
    about = About(
        f"{name}-fast-decoder" if fast else name,
        f"{said['title']} with our decoder" if fast else said["title"],
        "the same server, but with our model server's decoding: what remains is the server's part."
        if fast
        else said["what"],
        variables,
        "" if fast else said["why"].strip(),
    )
    lineup = partial(_lineup, name=name, said=said, variables=variables)
    return Contestant(about, said["serves"], said["form"], lineup, [said["environment"]], main_case_only=fast)


def _lineup(ground: Ground, *, name: str, said: Mapping[str, Any], variables: Mapping[str, str]) -> Lineup:
    base = f"http://127.0.0.1:{ground.port}"
    python = ground.python(said["environment"])
    package = ground.image_package if said["serves"] == "images" else ground.regressor_package
    environment = {
        "PORT": str(ground.port),
        "WORK_FOLDER": str(ground.folder),
        "MODEL_PACKAGE": str(package),
        "MONGODB_URI": ground.mongodb_uri,
        **{key: value.replace("cores", str(ground.cores)) for key, value in variables.items()},
    }
    module = f"benchmark.peers.{name}.serve"
    program = Program(name, [str(python), "-m", module], environment, base + said["ready"])
    return Lineup([program], base + said["path"])
