"""Copies of the references that this detector has used, by the checksum of their package."""

import os
from pathlib import Path

from inference.reference import Reference, parse_reference


class KeptReferences:
    """A folder that outlives packages: a model that is replaced leaves samples that are not scored yet."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, package_sha256: str, content: bytes) -> None:
        """Keep a reference file's content; under its name it is whole, whenever the machine stops.

        Raises:
            OSError: it cannot be written.
        """
        path = self.path(package_sha256)
        if path.exists():
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{os.getpid()}.part")
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)

    def load(self, package_sha256: str) -> Reference | None:
        """Return the reference that was kept of a package; None when there is none.

        Raises:
            UnusableReference: it is damaged.
        """
        path = self.path(package_sha256)
        try:
            content = path.read_bytes()
        except OSError:
            return None
        return parse_reference(path, content)

    def path(self, package_sha256: str) -> Path:
        """Return where a package's reference is kept."""
        return self._folder / f"{package_sha256}.safetensors"
