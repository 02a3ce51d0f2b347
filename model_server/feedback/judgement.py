"""What becomes of a label: feedback about a prediction, or a refusal with its reason. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from model_server.feedback.labels import Label
from mongodb.feedback import Feedback, SampledPrediction
from mongodb.sampling import is_sampled

KEPT = "7 days"
SHOWN_CLASSES = 12
SHOWN_CHARACTERS = 80


@dataclass(frozen=True)
class Refusal:
    """Why a label is not taken: an HTTP status, and a sentence that says what to do."""

    status: int
    detail: str


Outcome = Feedback | Refusal


def judge(
    label: Label,
    predictions: Sequence[SampledPrediction],
    classes: Mapping[str, Sequence[str]],
    received_at: datetime,
) -> Outcome:
    """Join a label with the predictions of its request id, at least one; `classes` has each package's."""
    if len(predictions) > 1:
        return Refusal(
            422,
            f"{len(predictions)} predictions have the request_id {label.request_id}: the label may be of "
            "any. To label them, send one input in a request, and no request id twice.",
        )
    (prediction,) = predictions
    known = classes.get(prediction.package_sha256)
    model = f"{prediction.model} {prediction.version}"
    if known is None:
        return Refusal(422, f"Of {model}, which predicted this, the classes are no longer known.")
    if not known:
        return Refusal(
            422, f"{model}, which predicted this, answers with numbers: only classes can be labelled."
        )
    if label.label not in known:
        return Refusal(422, f"{shown(label.label)} is no class of {model}. Send one of {listed(known)}.")
    return Feedback(prediction, label.label, received_at)


def unknown(label: Label, sample_rate: float) -> Refusal:
    """Return the answer to a request id under which no prediction is found."""
    if not is_sampled(label.request_id, sample_rate):
        return Refusal(
            404,
            f"The prediction {label.request_id} was not kept: of all predictions a share of {sample_rate:g} "
            "is (SAMPLE_RATE), and only these can be labelled.",
        )
    return Refusal(
        404,
        f"There is no prediction with the request_id {label.request_id}. Send the one of its answer; "
        f"predictions are kept for {KEPT}.",
    )


def shown(text: str) -> str:
    """Quote what a client sent, cut short."""
    return repr(text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…")


def listed(classes: Sequence[str]) -> str:
    """List the first of the classes."""
    return ", ".join(classes[:SHOWN_CLASSES]) + (", …" if len(classes) > SHOWN_CLASSES else "")
