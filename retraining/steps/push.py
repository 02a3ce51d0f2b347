"""Push: the new version into the repository, and all that is new there to the remote."""

from dataclasses import dataclass
from pathlib import Path

from inference.manifest import read_manifest
from retraining.repository.error import RepositoryError
from retraining.repository.repository import Repository, Version
from retraining.runs.folder import Runs
from retraining.runs.run import Run
from retraining.runs.running import Done, NotNow


@dataclass(frozen=True)
class Push:
    """The step."""

    runs: Runs
    models: Path
    repository: Repository

    def __call__(self, run: Run) -> Done:
        """Keep and push; NotNow while the remote is away."""
        packed = run.result("package")
        sha256 = packed["package"]
        folder = self.models / f"{packed['model']}-{packed['version']}-{sha256[:12]}"
        visible = folder.rglob("[!.]*")  # git's own files, say, are no part of a model
        files = {path.relative_to(folder).as_posix(): path for path in visible if path.is_file()}
        manifest = read_manifest(folder)
        lineage = (folder / (manifest.lineage or "")).read_bytes()
        name = f"models/{packed['version']}"
        version = Version(
            tag=f"model-{packed['version']}",
            message=f"{packed['model']} {packed['version']}: {sha256}",
            data={name: files},
            plain={f"lineage/{packed['version']}.json": lineage},
        )
        try:
            revision = self.repository.commit(version)
            self.repository.push()
        except RepositoryError as error:
            raise NotNow(str(error)) from error
        return Done({"revision": revision, "tag": version.tag})
