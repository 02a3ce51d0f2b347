"""Load the slot's package and its detector, and have it score something, before the program listens."""

from drift_detector_server.detectors.create import DetectorUnavailable
from drift_detector_server.kept_references import KeptReferences
from drift_detector_server.packages import Packages
from drift_detector_server.settings import DetectorSettings
from inference.manifest import BadModelPackage


class StartError(Exception):
    """Tell in one line why the program cannot start and what to do."""


def load(settings: DetectorSettings) -> Packages:
    """Return the slot's package with a detector that has scored a part of its reference.

    Raises:
        StartError: there is none, or its copy cannot be kept.
    """
    try:
        return Packages(settings.model_package, KeptReferences(settings.artifacts), settings)
    except (BadModelPackage, DetectorUnavailable) as error:
        raise StartError(str(error)) from error
    except OSError as error:
        reason = f"{settings.artifacts}: no copy of the reference can be kept there ({error})"
        remedy = "let this user write to it, or name another folder in ARTIFACTS"
        raise StartError(f"{reason}: {remedy}") from error
