"""Make the detector that fits a reference, and have it score something before it is used."""

import math
from pathlib import Path

from drift_detector_server.detectors.detector import Detector
from drift_detector_server.settings import DetectorSettings
from inference.reference import Reference, UnusableReference

PROBE_ROWS = 30


class DetectorUnavailable(Exception):
    """A detector's library cannot be imported; the message says what to do."""


def create_detector(settings: DetectorSettings, reference: Reference, source: Path) -> Detector:
    """Make a detector that has scored a part of its reference; `source` is where that comes from.

    Raises:
        DetectorUnavailable: see there.
        UnusableReference: nothing can be measured with it.
    """
    detector = choose_detector(settings, reference, source)
    score = detector.score(reference.embeddings[:PROBE_ROWS], settings.p_value_threshold)
    if not all(map(math.isfinite, (score.p_value, score.distance, score.threshold))):
        raise UnusableReference(source, "is of no use, at least half of its rows are alike")
    return detector


def choose_detector(settings: DetectorSettings, reference: Reference, source: Path) -> Detector:
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
        reason = f"DETECTOR={settings.detector} cannot be imported ({error}): {remedy}"
        raise DetectorUnavailable(reason) from error
    except ValueError as error:
        raise UnusableReference(source, f"is of no use, {error}") from error


def _ks(reference: Reference) -> Detector:
    try:
        from drift_detector_server.detectors.ks import Ks  # noqa: PLC0415 - scipy is imported where it is needed
    except ImportError as error:
        remedy = "pip install -r drift_detector_server/requirements.txt"
        raise DetectorUnavailable(f"a reference with features needs scipy ({error}): {remedy}") from error
    return Ks(reference.embeddings, reference.features)
