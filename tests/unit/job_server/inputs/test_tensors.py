"""An inference request's rows."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.job_server.inputs.handing_in import hand_in, numbers, refused, rows_of

JSON = "application/json"


def tensor(name: str, shape: list[int], data: object, datatype: str = "FP32") -> dict[str, Any]:
    return {"name": name, "shape": shape, "datatype": datatype, "data": data}


def request(*tensors: object) -> bytes:
    return json.dumps({"id": "1", "inputs": tensors, "outputs": [{"name": "output"}]}).encode()


@pytest.mark.parametrize(
    "tensors",
    [
        [tensor("any", [2, 2], [1, 2, 3, 4])],
        [tensor("any", [2, 2], [[1, 2], [3, 4.0]], "FP64")],
        [tensor("any", [2, 2], [1, 2, 3, 4], "INT8")],
        [tensor("y", [2], [2, 4]), tensor("x", [2, 1], [[1], [3]], "UINT16")],
    ],
)
def test_each_row_is_an_input(tmp_path: Path, tensors: list[object]) -> None:
    """One tensor, or one for each feature, flat or nested."""
    read = hand_in(tmp_path, request(*tensors), JSON)
    assert [(numbers(one), one.row) for one in read] == [((1, 2), 1), ((3, 4), 2)]


def test_a_single_feature_may_be_a_tensor_of_one_dimension(tmp_path: Path) -> None:
    """Each of its elements is a row."""
    read = hand_in(tmp_path, request(tensor("x", [2], [1, 2])), JSON, rows_of("x"))
    assert [numbers(one) for one in read] == [(1,), (2,)]


def test_a_row_that_does_not_fit_is_its_own_error(tmp_path: Path) -> None:
    """The others are read."""
    read = hand_in(tmp_path, request(tensor("i", [3, 2], [1, 2, 3, 1e39, None, 6])), JSON)
    assert [one.error and one.error[:14] for one in read] == [None, "Column 'y' is ", "Column 'x' is "]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "The request is no JSON"),
        (b"{}", "inputs: Field required."),
        (b"[]", "the request: Input should be a valid dictionary"),
        (b'{"inputs": []}', "inputs: "),
        (b'{"inputs": [{"name": "x", "shape": [1], "datatype": "FP32"}]}', "inputs.0.data: Field required."),
        (
            b'{"inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "data": [NaN]}]}',
            "The request is no JSON",
        ),
        (b"[" * 50_000, "The request is no JSON: it is nested too deep"),
        (b"\xff\xfe", "The request is no JSON: it is not in UTF-8"),
        (request(tensor("i", [2, 2], [1, 2, 3])), "'i' has 3 elements, which do not fill [2, 2]."),
        (request(tensor("i", [1, 2], ["a", "b"], "BYTES")), "'i' has the datatype 'BYTES'."),
        (request(tensor("i", [1, 2], [1.5, 2], "INT32")), "'i' has elements that are not INT32."),
        (request(tensor("i", [1, 3], [1, 2, 3])), "The tensors are i [1, 3]."),
        (request(tensor("i", [2], [1, 2])), "The tensors are i [2]."),
        (request(tensor("i", [1, 1, 2], [1, 2])), "inputs.0.shape"),
        (request(tensor("i", [-1, 2], [1, 2])), "inputs.0.shape.0"),
        (request(tensor("x", [1], [1]), tensor("z", [1], [1])), "The tensors are x [1], z [1]."),
        (request(tensor("x", [1], [1]), tensor("x", [1], [1])), "The tensors are x [1], x [1]."),
        (request(tensor("x", [1], [1]), tensor("y", [2], [1, 2])), "The tensors are x [1], y [2]."),
        (request(tensor("i", [0, 2], [])), "There are no inputs."),
    ],
)
def test_what_is_no_request_for_the_model_is_refused(tmp_path: Path, body: bytes, reason: str) -> None:
    """The message says what to send."""
    status, message = refused(tmp_path, body, JSON)
    assert status == 422
    assert message.startswith(reason)
    assert "Send " in message


def test_a_request_of_more_than_is_read_is_refused(tmp_path: Path) -> None:
    """By its bytes, by its values, by its lists."""
    assert refused(tmp_path, b" " * (16 * 2**20 + 1), JSON)[0] == 413
    assert refused(tmp_path, b"1," * 200_000, JSON)[0] == 413
    assert refused(tmp_path, b"[]," * 150_000, JSON)[0] == 413
