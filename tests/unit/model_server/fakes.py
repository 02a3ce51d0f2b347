"""The database of the model server, written by hand."""

from collections.abc import Collection, Sequence

from mongodb.documents import Sample
from mongodb.errors import StoreUnavailable
from mongodb.feedback import Feedback, LabelledPackage, SampledPrediction


class MemoryStore:
    """Keeps what it is given; it can be away. Several slots may share one."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []
        self.packages: dict[str, LabelledPackage] = {}
        self.feedback: dict[str, Feedback] = {}
        self.looks: list[set[str]] = []
        self.away = False
        self.fault: Exception | None = None

    def _reach(self) -> None:
        if self.away:
            raise StoreUnavailable("switched off")

    async def insert_samples(self, samples: Sequence[Sample]) -> None:
        self._reach()
        self.samples += samples

    async def note_package(self, package: LabelledPackage) -> None:
        self._reach()
        self.packages[package.package_sha256] = package

    async def classes(self, package_sha256s: Collection[str]) -> dict[str, tuple[str, ...]]:
        self._reach()
        known = [one for one in self.packages.values() if one.package_sha256 in package_sha256s]
        return {one.package_sha256: tuple(one.classes) for one in known}

    async def sampled_predictions(self, request_ids: Collection[str]) -> list[SampledPrediction]:
        self._reach()
        if self.fault:
            fault, self.fault = self.fault, None
            raise fault
        self.looks.append(set(request_ids))
        documents = [one.to_document() for one in self.samples if one.request_id in request_ids]
        predictions = [SampledPrediction.from_document(document) for document in documents]
        return [one for one in predictions if one.traffic != "shadow"]

    async def write_feedback(self, feedback: Sequence[Feedback]) -> None:
        self._reach()
        self.feedback |= {one.prediction.request_id: one for one in feedback}

    async def close(self) -> None:
        """Nothing to close."""
