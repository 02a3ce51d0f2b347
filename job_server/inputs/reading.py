"""A job that is being read: for which model, within which limits, and how much of it was read."""

from itertools import count

from inference.manifest import Manifest
from job_server.inputs.job_input import InputLimits, JobInput, WrongInputs

SHOWN_FEATURES = 12


class Reading:
    """What the readers of a job's parts have in common."""

    def __init__(self, manifest: Manifest, limits: InputLimits) -> None:
        self.manifest = manifest
        self.limits = limits
        self._rows = count(1)
        self._bytes = 0

    @property
    def features(self) -> tuple[str, ...]:
        """Return the names of a row's numbers."""
        return self.manifest.tensor_input.features

    def take(self, size: int) -> None:
        """Count bytes that were read, or unpacked, whether or not an input came of them.

        Raises:
            WrongInputs: the job has more of them than are taken.
        """
        self._bytes += size
        if self._bytes > self.limits.unpacked_bytes:
            most = f"{self.limits.unpacked_bytes / 2**20:.3g} MiB"
            raise WrongInputs(f"The inputs hold more than {most} unpacked. Send them as several jobs.", 413)

    def row(self, data: bytes | None, error: str | None = None, label: str | None = None) -> JobInput:
        """Return the job's next row."""
        return JobInput(None, next(self._rows), data, error, label)

    @property
    def what_to_send(self) -> str:
        """Return the forms in which this model's inputs are taken."""
        if self.manifest.tensor is None:
            return (
                "Send images: one as the body with its type, say image/jpeg, a zip of them"
                " (application/zip), or parts `file` of a form (multipart/form-data)."
            )
        features = self.features
        names = ", ".join(features[:SHOWN_FEATURES]) + (", …" if len(features) > SHOWN_FEATURES else "")
        return (
            f"Send rows of the {len(features)} numbers {names}: text/csv with a header of these names,"
            " application/jsonl with an object or a list a line, an inference request (application/json),"
            " a zip of CSV or JSON lines files (application/zip), or parts `file` of a form"
            " (multipart/form-data)."
        )
