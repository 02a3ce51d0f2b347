"""The model's inputs and outputs as tensors of the protocol, and its metadata."""

import base64
import binascii
from collections.abc import Sequence
from typing import Any

import numpy as np

from inference.backend import ModelInfo, ModelInput, Rows
from inference.json_bounds import JsonBounds
from inference.manifest import TensorInput
from inference.rows import OTHER_VALUES, WrongRows, rows_bounds, to_rows
from model_server.batching.predictor import Prediction
from model_server.inference_protocol.request import InferRequest, Wanted, check_outputs, read_request
from model_server.inference_protocol.tensors import BYTES, MAX_STRINGS, BadTensor, Tensor


def metadata(model: ModelInfo) -> dict[str, Any]:
    """Return the model's metadata; -1 stands for any number of images or rows."""
    manifest = model.manifest
    label = [tensor("label", BYTES, -1)] if manifest.classes else []
    if manifest.tensor is None:
        inputs = [tensor("image", BYTES, -1)]
        outputs = [*label, tensor("probabilities", "FP32", -1, model.output_width)]
    else:
        inputs = [tensor("input", "FP32", -1, len(manifest.tensor.features))]
        outputs = [tensor("output", "FP32", -1, model.output_width), *label]
    return {
        "name": manifest.name,
        "versions": [manifest.version],
        "platform": "pytorch",
        "inputs": inputs,
        "outputs": outputs,
    }


def tensor(name: str, datatype: str, *shape: int) -> dict[str, Any]:
    """Describe a tensor."""
    return {"name": name, "datatype": datatype, "shape": list(shape)}


def read_inputs_of(
    body: bytes, header_length: str | None, model: ModelInfo
) -> tuple[Wanted, Sequence[ModelInput]]:
    """Read a request's body, and return what is wanted and the model's inputs, and nothing else of it.

    Raises:
        BadTensor: it is not a request of the protocol, or not one for this model.
    """
    spec = model.manifest.tensor
    bounds = JsonBounds(OTHER_VALUES, OTHER_VALUES) if spec is None else rows_bounds(spec)
    request = read_request(body, header_length, bounds)
    return request.header.wanted, model_inputs(request, model)


def model_inputs(request: InferRequest, model: ModelInfo) -> Sequence[ModelInput]:
    """Return the request's images, or rows.

    Raises:
        BadTensor: the inputs, or the outputs that are wanted, are not the model's.
    """
    described = metadata(model)
    check_outputs(request.header, [one["name"] for one in described["outputs"]])
    expected = described["inputs"][0]
    names = [one.name for one in request.inputs]
    if names != [expected["name"]]:
        raise BadTensor(f"the inputs are {names}; send one, {expected}")
    (given,) = request.inputs
    spec = model.manifest.tensor
    return images(given, binary=given_as_bytes(request)) if spec is None else [rows(given, spec)]


def given_as_bytes(request: InferRequest) -> bool:
    """Tell whether the input stood behind the header."""
    return request.header.inputs[0].parameters.binary_data_size is not None


def images(given: Tensor, *, binary: bool) -> list[bytes]:
    """Return the encoded images; in JSON they are base64, for JSON has no bytes."""
    if not isinstance(given.data, list) or len([side for side in given.shape if side != 1]) > 1:
        raise BadTensor(
            f"{given.name} is {given.datatype} {list(given.shape)}; send encoded images, BYTES [N]"
        )
    if not given.data:
        raise BadTensor(f"{given.name} holds no images; send 1 to {MAX_STRINGS}")
    try:
        return given.data if binary else [base64.b64decode(one, validate=True) for one in given.data]
    except binascii.Error as error:
        raise BadTensor(f"{given.name}: in JSON an image is base64 ({error}); or send binary data") from error


def rows(given: Tensor, spec: TensorInput) -> Rows:
    """Return the rows; any type of number is taken."""
    if isinstance(given.data, list) or given.datatype == "BOOL":
        raise BadTensor(f"{given.name} is {given.datatype}; send FP32")
    try:
        return to_rows(np.asarray(given.data), spec)
    except WrongRows as error:
        raise BadTensor(f"{given.name} is {list(given.shape)}. {error}") from error


def output_tensors(predictions: Sequence[Prediction]) -> list[Tensor]:
    """Return the outputs, in the order of the metadata."""
    manifest = predictions[0].model.manifest
    outputs = np.concatenate([one.outputs for one in predictions])
    labels = [label for one in predictions for label in one.labels]
    label = [Tensor.of_strings("label", labels)] if manifest.classes else []
    if manifest.tensor is None:
        return [*label, Tensor.of_numbers("probabilities", outputs)]
    return [Tensor.of_numbers("output", outputs), *label]
