"""Load the reference and the detector, and have it score something, before the program listens."""

import math
from pathlib import Path

from drift_detector_server.detectors.score import Detector
from drift_detector_server.reference import Reference, UnusableReference, load_reference
from drift_detector_server.settings import DetectorSettings

PROBE_ROWS = 30


class StartError(Exception):
    """Tell in one line why the program cannot start and what to do."""


def load(settings: DetectorSettings) -> tuple[Reference, Detector]:
    """Return the reference and a detector that has scored a part of it; StartError when that fails."""
    try:
        reference = load_reference(settings.reference)
        detector = create_detector(settings, reference)
        probe(detector, reference, settings)
    except UnusableReference as error:
        raise StartError(str(error)) from error
    return reference, detector


def create_detector(settings: DetectorSettings, reference: Reference) -> Detector:
    """Make the detector that fits the reference, or that the settings ask for; only that one is imported."""
    if reference.features:  # their own test names the ones that drift, and needs no permutations
        return _ks(reference)
    try:
        if settings.detector == "mmd":
            from drift_detector_server.detectors.mmd import Mmd  # noqa: PLC0415 - see above

            return Mmd(reference.embeddings, settings.permutations)
        from drift_detector_server.detectors.alibi import Alibi  # noqa: PLC0415 - see above

        return Alibi(reference.embeddings, settings.permutations)
    except ImportError as error:
        remedy = "pip install -r drift_detector_server/requirements.txt, or DETECTOR=mmd, which needs nothing"
        raise StartError(f"DETECTOR={settings.detector} cannot be imported ({error}): {remedy}") from error
    except ValueError as error:
        raise UnusableReference(Path(settings.reference), f"is of no use, {error}") from error


def _ks(reference: Reference) -> Detector:
    try:
        from drift_detector_server.detectors.ks import Ks  # noqa: PLC0415 - scipy is imported where it is needed
    except ImportError as error:
        remedy = "pip install -r drift_detector_server/requirements.txt"
        raise StartError(f"a reference with features needs scipy ({error}): {remedy}") from error
    return Ks(reference.embeddings, reference.features)


def probe(detector: Detector, reference: Reference, settings: DetectorSettings) -> None:
    """Score a part of the reference; UnusableReference when the answer is not a number."""
    score = detector.score(reference.embeddings[:PROBE_ROWS], settings.p_value_threshold)
    if not all(map(math.isfinite, (score.p_value, score.distance, score.threshold))):
        raise UnusableReference(settings.reference, "is of no use, at least half of its rows are alike")
