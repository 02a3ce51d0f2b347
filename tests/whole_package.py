"""Small model packages that are whole by their checksums, which nobody could load."""

from pathlib import Path

from inference.checksum import write_checksum
from inference.identity import identify

MANIFEST = """
name = "{name}"
version = "{version}"
classes = ["apple", "lemon"]
network = "network.py:Network"
weights = "{weights}"
sha256 = "artifacts/weights.sha256"
reference = "artifacts/reference.safetensors"
reference_sha256 = "artifacts/reference.sha256"
input = "tensor"

[tensor]
features = ["a", "b"]
"""


def write_whole_package(
    folder: Path,
    version: str,
    *,
    name: str = "small",
    weights: str = "artifacts/weights.safetensors",
    size: int = 10_000,
) -> str:
    """Write a package each of whose files tells its version, and return its checksum."""
    (folder / "artifacts").mkdir(parents=True, exist_ok=True)
    (folder / "model.toml").write_text(MANIFEST.format(name=name, version=version, weights=weights))
    (folder / "network.py").write_text(f"VERSION = {version!r}\n")
    content = f"{name} {version} ".encode()
    (folder / weights).write_bytes((content * (size // len(content) + 1))[:size])
    write_checksum(folder / weights, folder / "artifacts/weights.sha256")
    (folder / "artifacts/reference.safetensors").write_bytes(b"reference of " + content)
    write_checksum(folder / "artifacts/reference.safetensors", folder / "artifacts/reference.sha256")
    return identify(folder).sha256
