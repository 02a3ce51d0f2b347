"""Tensors as the protocol writes them: in JSON, or as raw little-endian bytes."""

import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.nested_lists import flatten

NUMBERS = {
    "BOOL": "?",
    "UINT8": "<u1",
    "UINT16": "<u2",
    "UINT32": "<u4",
    "UINT64": "<u8",
    "INT8": "<i1",
    "INT16": "<i2",
    "INT32": "<i4",
    "INT64": "<i8",
    "FP16": "<f2",
    "FP32": "<f4",
    "FP64": "<f8",
}
JSON_TYPES: dict[str, set[type]] = {"b": {bool}, "u": {int}, "i": {int}, "f": {int, float}}
BYTES = "BYTES"
MAX_STRINGS = 64
LENGTH = struct.Struct("<I")


class BadTensor(Exception):
    """A tensor is not what it says, or not what the model takes."""


@dataclass(frozen=True, eq=False)
class Tensor:
    """A tensor: an array of its shape, or for BYTES its elements in row-major order."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    data: NDArray[Any] | list[bytes]

    @classmethod
    def of_numbers(cls, name: str, array: NDArray[np.float32]) -> "Tensor":
        """Make an FP32 tensor."""
        return cls(name, "FP32", array.shape, array)

    @classmethod
    def of_strings(cls, name: str, strings: Sequence[str]) -> "Tensor":
        """Make a BYTES tensor of one dimension."""
        return cls(name, BYTES, (len(strings),), [one.encode() for one in strings])


def from_bytes(name: str, datatype: str, shape: tuple[int, ...], raw: memoryview) -> Tensor:
    """Read a tensor's raw bytes; BadTensor when they are not as many as it says."""
    if datatype == BYTES:
        refuse_more_strings(name, shape)
        elements = list(islice(split_elements(name, raw), MAX_STRINGS + 1))
        check_count(name, shape, len(elements))
        return Tensor(name, datatype, shape, elements)
    dtype = number_type(name, datatype)
    if len(raw) != math.prod(shape) * dtype.itemsize:
        raise BadTensor(f"{name}: {len(raw)} bytes are not {datatype} {list(shape)}")
    try:
        return Tensor(name, datatype, shape, np.frombuffer(raw, dtype).reshape(shape))
    except ValueError as error:  # sides whose product no array can have, beside a 0
        raise BadTensor(f"{name}: {error}") from error


def from_json(name: str, datatype: str, shape: tuple[int, ...], data: list[Any]) -> Tensor:
    """Read a tensor's JSON, nested or flat; BadTensor when it has other elements than it says."""
    if datatype == BYTES:
        refuse_more_strings(name, shape)
        strings = list(flatten(data))
        check_count(name, shape, len(strings))
        if not all(isinstance(one, str) for one in strings):
            raise BadTensor(f"{name}: the elements of BYTES are strings")
        return Tensor(name, datatype, shape, [one.encode() for one in strings])
    dtype = number_type(name, datatype)
    numbers = list(flatten(data))
    check_count(name, shape, len(numbers))
    if not all(type(one) in JSON_TYPES[dtype.kind] for one in numbers):
        raise BadTensor(f"{name}: the elements are not all {datatype}")
    try:
        with np.errstate(over="ignore"):  # becomes infinite, which no model takes
            return Tensor(name, datatype, shape, np.array(numbers, dtype).reshape(shape))
    except (OverflowError, ValueError) as error:
        raise BadTensor(f"{name}: {error}") from error


def to_bytes(tensor: Tensor) -> bytes:
    """Write a tensor's raw bytes."""
    if isinstance(tensor.data, list):
        return b"".join(LENGTH.pack(len(one)) + one for one in tensor.data)
    return tensor.data.astype(NUMBERS[tensor.datatype]).tobytes()


def to_json(tensor: Tensor) -> list[Any]:
    """Write a tensor's elements, flat and in row-major order."""
    if isinstance(tensor.data, list):
        return [one.decode() for one in tensor.data]
    flat: list[Any] = tensor.data.reshape(-1).tolist()
    return flat


def split_elements(name: str, raw: memoryview) -> Iterator[bytes]:
    """Yield the elements of a BYTES tensor, each behind its length in four bytes."""
    start = 0
    while start < len(raw):
        begin = start + LENGTH.size
        if begin > len(raw) or (end := begin + LENGTH.unpack_from(raw, start)[0]) > len(raw):
            raise BadTensor(f"{name}: an element is longer than its tensor")
        yield bytes(raw[begin:end])
        start = end


def refuse_more_strings(name: str, shape: tuple[int, ...]) -> None:
    """Raise BadTensor when the shape has more elements than any model takes of BYTES."""
    if math.prod(shape) > MAX_STRINGS:
        raise BadTensor(f"{name} holds {math.prod(shape)} elements; of {BYTES} send 1 to {MAX_STRINGS}")


def check_count(name: str, shape: tuple[int, ...], count: int) -> None:
    """Raise BadTensor when the shape is not one of `count` elements."""
    if math.prod(shape) != count:
        raise BadTensor(f"{name}: {count} elements do not fill the shape {list(shape)}")


def number_type(name: str, datatype: str) -> np.dtype[Any]:
    """Return numpy's type of a datatype; BadTensor when there is none."""
    if datatype not in NUMBERS:
        raise BadTensor(f"{name}: the datatype {datatype} is none of {', '.join([*NUMBERS, BYTES])}")
    return np.dtype(NUMBERS[datatype])
