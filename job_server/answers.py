"""What an input's result says."""

from collections.abc import Sequence

from inference.manifest import Manifest
from job_server.inputs.job_input import JobInput
from job_server.job import Document


def answer(one: JobInput, values: Sequence[float], manifest: Manifest) -> Document:
    """Return the result of an input of which the network has said these values."""
    said: Document
    if manifest.classes:
        best = max(range(len(values)), key=values.__getitem__)
        said = {
            "likely_class": manifest.classes[best],
            "probability": values[best],
            "probabilities": dict(zip(manifest.classes, values, strict=True)),
        }
    else:
        said = {"values": list(values)}
    return {**_origin(one), **said, "model": manifest.name, "version": manifest.version}


def failure(one: JobInput, reason: str) -> Document:
    """Return the result of an input that has no prediction."""
    return {**_origin(one), "error": reason}


def _origin(one: JobInput) -> Document:
    named: Document = {"row": one.row} if one.filename is None else {"filename": one.filename}
    return named if one.label is None else {**named, "label": one.label}
