"""The slot's package as it lies in its folder, and a detector for every package whose samples wait."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from drift_detector_server.detectors.create import DetectorUnavailable, create_detector
from drift_detector_server.detectors.detector import Detector
from drift_detector_server.kept_references import KeptReferences
from drift_detector_server.settings import DetectorSettings
from inference.identity import identify, unchanged
from inference.manifest import BadModelPackage
from inference.reference import Reference, check_fit, parse_reference, read_content
from mongodb.documents import PackageCursor
from mongodb.positions import written_at

logger = logging.getLogger(__name__)

RELOAD_TIME = timedelta(seconds=60)
"""How long after a package was taken samples of another one may come before they tell that that is served."""


@dataclass(frozen=True, eq=False)
class PackageDetector:
    """A package's reference, and the detector that compares with it."""

    package_sha256: str
    model: str
    version: str
    reference: Reference
    detector: Detector
    taken_at: datetime = field(default_factory=lambda: datetime.now(UTC))


class Packages:
    """Follows the slot's package; `served` is the one that answers requests, as far as can be seen from here.

    Raises:
        BadModelPackage: there is no usable reference in the package to begin with.
        DetectorUnavailable: see there.
        OSError: the reference's copy cannot be kept.
    """

    def __init__(self, folder: Path, kept: KeptReferences, settings: DetectorSettings) -> None:
        self._folder = folder
        self._kept = kept
        self._settings = settings
        self._refused = ""
        self._others: dict[str, PackageDetector] = {}
        self.in_folder = self.served = self._take()

    def look(self, settings: DetectorSettings) -> None:
        """Take the package that lies in the folder now, if it is another one and whole."""
        try:
            self._follow(settings)
            if identify(self._folder).sha256 != self.in_folder.package_sha256:
                self._change_over()
        except (BadModelPackage, DetectorUnavailable, OSError) as error:
            if str(error) != self._refused:
                logger.warning("not taken, the old reference and detector stay in use: %s", error)
            self._refused = str(error)
        else:
            self._refused = ""

    def _follow(self, settings: DetectorSettings) -> None:
        """Make the detectors that other settings ask for."""
        old = self._settings
        if (settings.detector, settings.permutations) == (old.detector, old.permutations):
            return
        detector = create_detector(settings, self.in_folder.reference, self._folder)
        self._settings = settings
        self.in_folder = self.served = replace(self.in_folder, detector=detector)
        self._others.clear()

    def _change_over(self) -> None:
        old, new = self.in_folder, self._take()
        self._others[old.package_sha256] = old
        self._others.pop(new.package_sha256, None)
        self.in_folder = self.served = new
        logger.info("another package's reference counts", extra={"model": new.model, "version": new.version})

    def _take(self) -> PackageDetector:
        with unchanged(self._folder) as identity:
            manifest = identity.manifest
            content = read_content(self._folder, manifest)
            reference = parse_reference(self._folder / manifest.reference, content)
            check_fit(self._folder, manifest, reference)
        detector = create_detector(self._settings, reference, self._folder / manifest.reference)
        self._kept.keep(identity.sha256, content)  # before it is used: after a kill it must be there again
        return PackageDetector(identity.sha256, manifest.name, manifest.version, reference, detector)

    def notice(self, cursors: Iterable[PackageCursor]) -> None:
        """Learn from the newest samples which package is served.

        That is the one in the folder, unless samples of another one still come long after it was put there:
        then the servers were not reloaded, or have refused it.
        """
        newest = max(cursors, key=lambda one: one.newest, default=None)
        late = newest is not None and written_at(newest.newest) > self.in_folder.taken_at + RELOAD_TIME
        self.served = (newest and late and self.of(newest)) or self.in_folder

    def of(self, cursor: PackageCursor) -> PackageDetector | None:
        """Return the detector for a package's samples; None when its reference is nowhere."""
        if cursor.package_sha256 == self.in_folder.package_sha256:
            return self.in_folder
        if cursor.package_sha256 not in self._others and (found := self._from_copy(cursor)):
            self._others[cursor.package_sha256] = found
        return self._others.get(cursor.package_sha256)

    def _from_copy(self, cursor: PackageCursor) -> PackageDetector | None:
        try:
            reference = self._kept.load(cursor.package_sha256)
            if reference is None:
                return None
            source = self._kept.path(cursor.package_sha256)
            detector = create_detector(self._settings, reference, source)
        except (BadModelPackage, DetectorUnavailable) as error:
            logger.warning("no detector can be made from a copy of a reference: %s", error)
            return None
        names = (cursor.package_sha256, cursor.model, cursor.version)
        return PackageDetector(*names, reference, detector)

    def forget(self, waiting: Iterable[str]) -> None:
        """Let go of the detectors of packages that have no samples left; the copies stay."""
        needed = {*waiting, self.served.package_sha256}
        self._others = {sha256: one for sha256, one in self._others.items() if sha256 in needed}

    def is_current(self, package_sha256: str) -> bool:
        """Tell whether more samples of a package are to be expected."""
        return package_sha256 in {self.served.package_sha256, self.in_folder.package_sha256}
