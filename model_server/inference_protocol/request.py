"""Parse an inference request: a JSON header, and behind it the raw bytes of binary tensors."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, Field, NonNegativeInt, ValidationError

from inference.json_bounds import JsonBounds
from model_server.inference_protocol.tensors import (
    BadTensor,
    Tensor,
    from_bytes,
    from_json,
)

HEADER_LENGTH = "Inference-Header-Content-Length"
Text = Annotated[str, Field(max_length=256)]
Side = Annotated[int, Field(ge=0, lt=2**31)]
Shape = Annotated[tuple[Side, ...], Field(max_length=8)]


class InputParameters(BaseModel):
    """What is said beside a tensor; further parameters are passed over."""

    binary_data_size: NonNegativeInt | None = None


class InputHeader(BaseModel):
    """An input: its data stand here, or behind the header."""

    name: Text
    datatype: Text
    shape: Shape
    data: list[Any] | None = None
    parameters: InputParameters = InputParameters()


class OutputParameters(BaseModel):
    """How an output is wanted."""

    binary_data: bool | None = None


class OutputHeader(BaseModel):
    """An output that is wanted."""

    name: Text
    parameters: OutputParameters = OutputParameters()


class RequestParameters(BaseModel):
    """How all outputs are wanted that do not say otherwise."""

    binary_data_output: bool = False


class Wanted(BaseModel):
    """What the answer is to hold; without `outputs` all of them are wanted."""

    id: Text = ""
    outputs: list[OutputHeader] = Field(default=[], max_length=16)
    parameters: RequestParameters = RequestParameters()


class RequestHeader(Wanted):
    """The JSON of an inference request."""

    inputs: list[InputHeader] = Field(max_length=16)

    @property
    def wanted(self) -> Wanted:
        """Return what the answer needs: without the inputs, which nobody is to keep for so long."""
        return Wanted(id=self.id, outputs=self.outputs, parameters=self.parameters)


@dataclass(frozen=True, eq=False)
class InferRequest:
    """A parsed request."""

    header: RequestHeader
    inputs: Sequence[Tensor]


def read_request(body: bytes, header_length: str | None, bounds: JsonBounds) -> InferRequest:
    """Read a request's body; `header_length` is the value of the header HEADER_LENGTH.

    Raises:
        BadTensor: it is not a request of the protocol, or its JSON holds more than the model could take.
    """
    fits = header_length is None or (
        header_length.isdecimal() and len(header_length) < 12 and int(header_length) <= len(body)
    )
    if not fits:
        raise BadTensor(f"{HEADER_LENGTH} is no number up to {len(body)}, which the body has bytes")
    length = len(body) if header_length is None else int(header_length)
    document = body[:length]
    if not bounds.hold(document):
        raise BadTensor("the body holds more values than the model takes; see its metadata")
    try:
        header = RequestHeader.model_validate_json(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise BadTensor(f"{'.'.join(map(str, first['loc'])) or 'the body'}: {first['msg']}") from error
    return InferRequest(header, read_inputs(header, memoryview(body)[length:]))


def read_inputs(header: RequestHeader, raw: memoryview) -> list[Tensor]:
    """Read every input, taking those that are binary from the bytes behind the header, in order."""
    tensors, start = [], 0
    for one in header.inputs:
        size = one.parameters.binary_data_size
        if size is None:
            if one.data is None:
                raise BadTensor(f"{one.name}: there are neither data nor parameters.binary_data_size")
            tensors.append(from_json(one.name, one.datatype, one.shape, one.data))
            continue
        if start + size > len(raw):
            raise BadTensor(f"{one.name}: the body ends before its {size} bytes do")
        tensors.append(from_bytes(one.name, one.datatype, one.shape, raw[start : start + size]))
        start += size
    if start != len(raw):
        raise BadTensor(f"{len(raw) - start} bytes stand behind the last input")
    return tensors


def check_outputs(request: Wanted, names: Sequence[str]) -> None:
    """Raise BadTensor when an output is wanted that the model does not have."""
    for one in request.outputs:
        if one.name not in names:
            raise BadTensor(f"there is no output {one.name!r}, but {', '.join(names)}")
