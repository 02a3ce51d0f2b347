"""A drill's candidate: the stable slot's package with a fault, beside the candidate's own one in its folder.

All that comes lies in a folder of its own there, and counts as soon as `model.toml` names it: so one rename
puts it in, and one takes it out again.
"""

import json
import shutil
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from examples.drills.drills import Drill
from examples.traffic import StackError
from inference.checksum import sha256_of
from inference.identity import Identity, identify
from inference.manifest import FILE_NAME, BadModelPackage
from service import durable

FOLDER = "drill"
FAULTS = Path(__file__).with_name("faults.py")
NETWORK = "Drilled"


def put_candidate(drill: Drill, stable: Path, candidate: Path) -> Identity:
    """Have the candidate's folder hold the stable slot's package with the drill's fault; return what that is.

    Raises:
        StackError: the stable slot's package is none of images with classes, or no package at all.
    """
    try:
        manifest = identify(stable).manifest
    except BadModelPackage as error:
        raise StackError(f"the stable slot's package cannot be copied: {error}") from error
    if manifest.input != "image":
        raise StackError(f"drills send images, and {manifest.name} in the stable slot takes rows of numbers")
    folder, (network, name) = candidate / FOLDER, manifest.network.split(":")
    durable.remove(folder)
    folder.mkdir()
    folder.chmod(0o755)
    _write(folder / ".gitignore", "*\n")
    weights, reference = (_copied(stable / one, folder) for one in (manifest.weights, manifest.reference))
    _write(folder / "network.py", network_text((stable / network).read_text("utf-8"), name, drill.fault))
    document = tomllib.loads((stable / FILE_NAME).read_text("utf-8")) | {
        "version": f"drill-{drill.name}",
        "network": f"{FOLDER}/network.py:{NETWORK}",
        "weights": f"{FOLDER}/{weights.name}",
        "sha256": sha256_of(weights),
        "reference": f"{FOLDER}/{reference.name}",
        "reference_sha256": sha256_of(reference),
    }
    for name in ("lineage", "lineage_sha256"):  # the stable slot's, and not of what has a fault
        document.pop(name, None)
    _write(candidate / FILE_NAME, toml(document))
    return identify(candidate)


def network_text(network: str, name: str, fault: str) -> str:
    """Return the text of a module with a network's class and, before it, the fault's."""
    faults = FAULTS.read_text("utf-8")
    return f"{network}\n\n{faults}\n\nclass {NETWORK}({fault}, {name}):\n    pass\n"


def toml(document: Mapping[str, Any]) -> str:
    """Return a manifest as TOML: strings, numbers, lists, and tables of these."""
    plain = {key: value for key, value in document.items() if not isinstance(value, dict)}
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in plain.items()]
    for key, value in document.items():
        if isinstance(value, dict):
            lines += ["", f"[{key}]", toml(value)]
    return "\n".join(lines) + "\n"


def _copied(source: Path, folder: Path) -> Path:
    target = folder / source.name
    shutil.copyfile(source, target)
    target.chmod(0o644)
    return target


def _write(path: Path, text: str) -> None:
    """Give a file a content, from one instant to the next; the servers run as another user."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, "utf-8")
    part.chmod(0o644)
    part.replace(path)
