"""What stands in an inference request: tensors and their descriptions, seldom as they should be."""

import base64
from collections.abc import Sequence
from random import Random
from typing import Any

from tests.robustness.corpus import small_images
from tests.robustness.mutations import mutate

DATATYPES = (
    "BYTES",
    "FP32",
    "FP64",
    "FP16",
    "INT64",
    "INT8",
    "UINT64",
    "UINT8",
    "BOOL",
    "STRING",
    "bytes",
    "",
)
SHAPES: Sequence[Any] = (
    [1],
    [0],
    [],
    [1, 1],
    [-1],
    [2],
    [1, 2],
    [2**31],
    [2**63],
    [2**31 - 1, 2**31 - 1, 0],
    [1] * 9,
    [1.5],
)
SHAPES_OF_OTHER_TYPES: Sequence[Any] = ("1", None, {}, [None], ["1"], [[1]], True, [True])
ODD_VALUES: Sequence[Any] = (
    None,
    True,
    "",
    "a",
    0,
    -1,
    1.5,
    1e308,
    -(2**63),
    2**64,
    10**400,
    [],
    {},
    [[]],
    [None],
    ["\ud800"],
    "\x00",
    "😀",
    {"a": []},
)


def inference_document(random: Random) -> Any:
    """Return what becomes the request's JSON."""
    if random.random() < 0.05:
        return random.choice(({"data": [0.2, 0.6]}, {"data": [[0.2, 0.6]] * 40}, *ODD_VALUES))
    inputs: Any = [tensor(random) for _ in range(random.choice((1, 1, 1, 1, 0, 2, 17)))]
    document: dict[str, Any] = {"inputs": odd(random, inputs)}
    if random.random() < 0.3:
        document["id"] = odd(random, "a")
    if random.random() < 0.3:
        names = random.choice(("label", "probabilities", "output", "none", ""))
        document["outputs"] = odd(
            random, [{"name": odd(random, names), "parameters": {"binary_data": odd(random, True)}}]
        )
    if random.random() < 0.2:
        document["parameters"] = odd(random, {"binary_data_output": odd(random, True)})
    return document


def tensor(random: Random) -> Any:
    """Return an input: an image, a row, or something else that is called one."""
    if random.random() < 0.5:
        images = [
            base64.b64encode(mutate(random, random.choice(small_images()))).decode()
            for _ in range(random.choice((1, 1, 2)))
        ]
        one: dict[str, Any] = {"name": "image", "datatype": "BYTES", "shape": [len(images)], "data": images}
    else:
        rows = random.choice((1, 1, 2, 40))
        data: Any = [[random.uniform(-3, 3), random.uniform(-3, 3)] for _ in range(rows)]
        one = {"name": "input", "datatype": "FP32", "shape": [rows, 2], "data": data}
    for field, values in (
        ("datatype", DATATYPES),
        ("shape", (*SHAPES, *SHAPES_OF_OTHER_TYPES)),
        ("data", ODD_VALUES),
    ):
        if random.random() < 0.12:
            one[field] = random.choice(values)
    if random.random() < 0.1:
        one["data"] = nested(random)
    if random.random() < 0.15:
        one["parameters"] = {"binary_data_size": odd(random, random.choice((0, 4, 8, 16)))}
    for field in list(one):
        if random.random() < 0.03:
            del one[field]
    return odd(random, one)


def nested(random: Random) -> Any:
    """Return lists in lists, or many beside each other."""
    depth, width = random.choice(((1, 1), (3, 2), (30, 1), (200, 1), (1, 500), (30, 50), (150, 1), (2, 40)))
    data: Any = random.choice(ODD_VALUES)
    for _ in range(depth):
        data = [data]
    return data * width


def odd(random: Random, value: Any) -> Any:
    """Return the value, seldom another one."""
    return value if random.random() < 0.97 else random.choice(ODD_VALUES)
