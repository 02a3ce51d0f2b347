"""An inference request of the Open Inference Protocol: each row of its tensors is an input."""

import math
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from inference.json_bounds import JsonBounds
from inference.nested_lists import flatten
from inference.strict_json import BadJson, parse
from job_server.inputs.job_input import JobInput, WrongInputs
from job_server.inputs.reading import Reading
from job_server.inputs.region import Region
from job_server.inputs.row import BadRow, pack

MAX_BYTES = 16 * 2**20
OTHER_VALUES = 10_000  # beside the numbers: names, shapes, parameters
MAX_CONTAINERS = 100_000  # of tensors [N, 1] each number may stand in a list of its own
INTEGERS = {f"{sign}INT{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)}
DATATYPES = {"FP16", "FP32", "FP64", *INTEGERS}
Side = Annotated[int, Field(ge=0, lt=2**31, strict=True)]


class Tensor(BaseModel):
    """A tensor with its elements, nested or flat."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(max_length=256)
    datatype: str = Field(max_length=16)
    shape: tuple[Side, ...] = Field(min_length=1, max_length=2)
    data: list[Any]


class Request(BaseModel):
    """What is read of a request; whatever else it asks for is passed over."""

    inputs: tuple[Tensor, ...] = Field(min_length=1, max_length=1000)


def read_tensors(region: Region, reading: Reading) -> Iterator[JobInput]:
    """Yield the rows of one tensor [N, F], or of F tensors [N] or [N, 1] that are named as the features.

    Raises:
        WrongInputs: 422, it is no request, or not for this model; 413, it is too large.
    """
    if region.size > MAX_BYTES:
        most = f"{MAX_BYTES // 2**20} MiB"
        raise WrongInputs(f"The inference request has more than {most}. Send the rows as text/csv.", 413)
    reading.take(region.size)
    tensors = read_request(region.at(0, MAX_BYTES), reading)
    for tensor in tensors:
        check(tensor)
    for row in rows(tensors, reading):
        try:
            yield reading.row(pack(row, reading))
        except BadRow as error:
            yield reading.row(None, str(error))


def read_request(body: bytes, reading: Reading) -> tuple[Tensor, ...]:
    """Return the request's tensors; WrongInputs when it is none, or holds more than a job may."""
    most = reading.limits.inputs
    bounds = JsonBounds(
        most * (len(reading.features) + 1) + MAX_CONTAINERS + OTHER_VALUES, most + MAX_CONTAINERS
    )
    if not bounds.hold(body):
        raise WrongInputs(f"The request holds more than {most} rows. Send them as several jobs.", 413)
    try:
        return Request.model_validate(parse(body, bounds)).inputs
    except BadJson as error:
        raise WrongInputs(f"The request is no JSON: {error}. {reading.what_to_send}") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the request"
        raise WrongInputs(f"{place[:80]}: {first['msg']}. {reading.what_to_send}") from error


def check(tensor: Tensor) -> None:
    """Raise WrongInputs unless the tensor holds the numbers that it says."""
    name = tensor.name[:80]
    if tensor.datatype not in DATATYPES:
        raise WrongInputs(f"{name!r} has the datatype {tensor.datatype!r}. Send FP32.")
    count = sum(1 for _ in flatten(tensor.data))
    if math.prod(tensor.shape) != count:
        shape = list(tensor.shape)
        raise WrongInputs(f"{name!r} has {count} elements, which do not fill {shape}. Send as many.")
    if tensor.datatype in INTEGERS and not all(type(one) is int for one in flatten(tensor.data)):
        raise WrongInputs(f"{name!r} has elements that are not {tensor.datatype}. Send FP32.")


def rows(tensors: Sequence[Tensor], reading: Reading) -> Iterator[Sequence[Any]]:
    """Yield each row's values in the features' order; WrongInputs when the tensors are not the model's."""
    features = reading.features
    first = tensors[0]
    if len(tensors) == 1 and len(first.shape) == 2 and first.shape[1] == len(features):
        elements = flatten(first.data)
        yield from zip(*[elements] * len(features), strict=True)
        return
    named = {tensor.name: tensor for tensor in tensors}
    columns = len(named) == len(tensors) and set(named) == set(features)
    if not columns or any(one.shape not in {first.shape[:1], (first.shape[0], 1)} for one in tensors):
        given = ", ".join(f"{one.name[:40]} {list(one.shape)}" for one in tensors[:12])
        raise WrongInputs(
            f"The tensors are {given}. Send one of [N, {len(features)}], or one of [N] for each feature,"
            f" named as it is. {reading.what_to_send}"
        )
    yield from zip(*(flatten(named[name].data) for name in features), strict=True)
