"""Made-up lineages, and packages that have one."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from inference.checksum import expected_checksum
from inference.identity import identify
from inference.lineage import Dataset, Lineage, Metrics, Parent, TimeRange, write_lineage
from inference.manifest import read_manifest

CREATED = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
DECLARED = 'lineage = "artifacts/lineage.json"\nlineage_sha256 = "artifacts/lineage.sha256"\n'


def a_lineage(folder: Path, **changes: Any) -> Lineage:
    """Return what fits the package in a folder."""
    manifest = read_manifest(folder)
    fields: dict[str, Any] = {
        "model": manifest.name,
        "version": manifest.version,
        "created_at": CREATED,
        "dataset": Dataset(
            version="20261130-070000",
            parent="20261129-070000",
            records={"train": {"apple": 80, "lemon": 70}, "golden": {"apple": 10, "lemon": 10}},
            recorded=TimeRange(first=datetime(2026, 11, 29, tzinfo=UTC), last=CREATED),
            offsets={"training-data/0": 170},
        ),
        "code_commit": "7a697a0",
        "seed": 1,
        "hyperparameters": {"epochs": 3, "learning_rate": 0.001, "augment": True, "optimizer": "adam"},
        "metrics": {
            "golden": Metrics(n=20, accuracy=0.9, ece=0.05),
            "held_out": Metrics(n=30, accuracy=0.8, ece=0.1, more={"f1": 0.79}),
        },
        "training_seconds": 12.5,
        "library_versions": {"torch": "2.9.1"},
        "parent": Parent(model=manifest.name, version="0", package_sha256="a" * 64, weights_sha256="b" * 64),
        "weights_sha256": expected_checksum(folder, manifest.sha256),
    }
    return Lineage(**{**fields, **changes})


def add_lineage(folder: Path, **changes: Any) -> str:
    """Give the package in a folder a lineage, and return the checksum that it has then."""
    text = (folder / "model.toml").read_text()
    if DECLARED not in text:
        (folder / "model.toml").write_text(text.replace("input = ", f"{DECLARED}input = ", 1))
    write_lineage(folder, read_manifest(folder), a_lineage(folder, **changes))
    return identify(folder).sha256
