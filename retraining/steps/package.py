"""Package: the candidate's lineage, then its place among the models."""

import json
import shutil
from dataclasses import dataclass
from importlib.metadata import version as installed
from pathlib import Path

from inference.checksum import expected_checksum
from inference.identity import identify
from inference.lineage import Dataset, Lineage, Metrics, Parent, TimeRange, write_lineage
from inference.manifest import read_manifest
from retraining.learning.work import PACKAGE, TRAINING, Folder
from retraining.model_toml import write_manifest
from retraining.runs.folder import Runs
from retraining.runs.run import Run
from retraining.runs.running import Done
from service import durable
from training_data.sides import SIDES

LINEAGE = {"lineage": "artifacts/lineage.json", "lineage_sha256": "artifacts/lineage.sha256"}
LIBRARIES = ("torch", "torchvision", "numpy", "pillow", "safetensors")


@dataclass(frozen=True)
class Package:
    """The step; `models` is the folder of all versions, a package each."""

    runs: Runs
    models: Path

    def __call__(self, run: Run) -> Done:
        """Write the lineage, and copy the package to its place."""
        folder = Folder(self.runs.path(run.id))
        package = folder.path / PACKAGE
        manifest = read_manifest(package).model_copy(update=LINEAGE)
        write_manifest(package, manifest)
        write_lineage(package, manifest, lineage_of(folder, run))
        sha256 = identify(package).sha256
        place = self.models / f"{manifest.name}-{manifest.version}-{sha256[:12]}"
        if not place.exists():
            durable.make_folder(self.models)
            part = self.models / f".{place.name}{durable.PART}"
            durable.remove(part)
            shutil.copytree(package, part)
            durable.sync_all(part)
            part.rename(place)
            durable.sync(self.models)
        return Done({"package": sha256, "model": manifest.name, "version": manifest.version})


def lineage_of(folder: Folder, run: Run) -> Lineage:
    """Return where the candidate comes from."""
    work, version, manifest = folder.work, folder.version, folder.manifest
    made = json.loads((folder.path / TRAINING).read_bytes())
    parent = identify(work.production)
    return Lineage(
        model=manifest.name,
        version=work.candidate_version,
        created_at=run.begun_at,
        dataset=Dataset(
            version=f"{version.number}-{version.id[:12]}",
            parent=None if version.parent is None else str(version.parent),
            records={side: version.counts(side) for side in SIDES},
            recorded=TimeRange(
                first=min(one.first for one in version.shards), last=max(one.last for one in version.shards)
            ),
            offsets={source: last for source, (_, last) in version.offsets.items()},
        ),
        code_commit=work.code_commit,
        seed=work.hyperparameters.seed,
        hyperparameters=work.hyperparameters.model_dump(),
        metrics={
            side: Metrics.model_validate(numbers)
            for side, numbers in run.result("judge")["metrics"]["candidate"].items()
        },
        training_seconds=made["seconds"],
        library_versions={name: installed(name) for name in LIBRARIES},
        parent=Parent(
            model=parent.manifest.name,
            version=parent.manifest.version,
            package_sha256=parent.sha256,
            weights_sha256=expected_checksum(work.production, parent.manifest.sha256),
        ),
        weights_sha256=made["weights_sha256"],
    )
