"""The Open Inference Protocol as its clients speak it: tritonclient, and plain JSON as KServe sends it."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from tests.colour_model import colour_image, write_colour_package
from tests.integration.model_server_program import ModelServerProgram
from tests.tensor_model import write_regressor, write_sign_classifier

ABSENT = "mongodb://127.0.0.1:1/none"


def serve(folder: Path, package: Path) -> Iterator[ModelServerProgram]:
    with ModelServerProgram(
        folder, MODEL_PACKAGE=str(package), MONGODB_URI=ABSENT, SAMPLE_RATE="0"
    ) as server:
        server.wait_until_ready()
        yield server


@pytest.fixture(scope="module")
def colour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelServerProgram]:
    folder = tmp_path_factory.mktemp("colour")
    yield from serve(folder, write_colour_package(folder / "model"))


@pytest.fixture(scope="module")
def regressor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelServerProgram]:
    folder = tmp_path_factory.mktemp("regressor")
    yield from serve(folder, write_regressor(folder / "model"))


@pytest.fixture(scope="module")
def sign(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelServerProgram]:
    folder = tmp_path_factory.mktemp("sign")
    yield from serve(folder, write_sign_classifier(folder / "model"))


def client_of(server: ModelServerProgram) -> triton.InferenceServerClient:
    return triton.InferenceServerClient(server.url.removeprefix("http://"))


def test_tritonclient_learns_who_is_there(colour: ModelServerProgram) -> None:
    """Live, ready, and the metadata of server and model."""
    client = client_of(colour)
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("colour")
    assert client.is_model_ready("colour", "1")
    assert not client.is_model_ready("colour", "2")
    assert not client.is_model_ready("other")
    assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
    metadata = client.get_model_metadata("colour")
    assert (metadata["name"], metadata["versions"]) == ("colour", ["1"])
    assert metadata["inputs"] == [{"name": "image", "datatype": "BYTES", "shape": [-1]}]
    assert metadata["outputs"] == [
        {"name": "label", "datatype": "BYTES", "shape": [-1]},
        {"name": "probabilities", "datatype": "FP32", "shape": [-1, 3]},
    ]


def images_input(colours: list[str], *, binary: bool) -> triton.InferInput:
    data = [colour_image(one) for one in colours]
    images = triton.InferInput("image", [len(data)], "BYTES")
    encoded = data if binary else [base64.b64encode(one) for one in data]
    images.set_data_from_numpy(np.array(encoded, dtype=object), binary_data=binary)
    return images


@pytest.mark.parametrize("binary_in", [True, False])
@pytest.mark.parametrize("binary_out", [True, False])
def test_tritonclient_asks_with_images(colour: ModelServerProgram, binary_in: bool, binary_out: bool) -> None:
    """As raw bytes and as base64, answered as raw bytes and as JSON."""
    outputs = [
        triton.InferRequestedOutput(name, binary_data=binary_out) for name in ("probabilities", "label")
    ]
    answer = client_of(colour).infer(
        "colour", [images_input(["red", "blue"], binary=binary_in)], outputs=outputs, request_id="r7"
    )
    labels = [one.decode() if isinstance(one, bytes) else one for one in answer.as_numpy("label")]
    assert labels == ["red", "blue"]
    probabilities = answer.as_numpy("probabilities")
    assert (probabilities.dtype, probabilities.shape) == (np.float32, (2, 3))
    assert probabilities.argmax(axis=1).tolist() == [0, 2]
    response = answer.get_response()
    assert (response["model_name"], response["model_version"], response["id"]) == ("colour", "1", "r7")


def test_without_outputs_all_are_answered(colour: ModelServerProgram) -> None:
    """What is not chosen is not left out."""
    answer = client_of(colour).infer("colour", [images_input(["green"], binary=True)], model_version="1")
    assert answer.as_numpy("label").tolist() == [b"green"]
    assert answer.as_numpy("probabilities").shape == (1, 3)


@pytest.mark.parametrize("binary", [True, False])
def test_tritonclient_asks_with_numbers(regressor: ModelServerProgram, binary: bool) -> None:
    """A matrix in, a matrix out."""
    rows = np.array([[0.2, 0.6], [1, 0], [0, 1]], np.float32)
    given = triton.InferInput("input", rows.shape, "FP32")
    given.set_data_from_numpy(rows, binary_data=binary)
    answer = client_of(regressor).infer("regressor", [given])
    np.testing.assert_allclose(answer.as_numpy("output"), [[0.4], [4.0], [-1.0]], rtol=1e-5)


def infer(server: ModelServerProgram, name: str, body: Any) -> httpx.Response:
    return httpx.post(f"{server.url}/v2/models/{name}/infer", json=body)


def test_plain_json_as_kserve_and_mlserver_send_it(sign: ModelServerProgram) -> None:
    """Nested or flat data, other types of numbers, and further parameters are all understood."""
    for data, datatype in (
        ([[1, 1, 1], [-1, -1, -1]], "FP32"),
        ([1, 1, 1, -1, -1, -1], "FP64"),
        ([1, 1, 1, -1, -1, -1], "INT64"),
    ):
        one = {"name": "input", "shape": [2, 3], "datatype": datatype, "data": data}
        body = {"id": "k1", "parameters": {"content_type": "np"}, "inputs": [{**one, "parameters": {"x": 1}}]}
        response = infer(sign, "sign", body)
        answer = response.json()
        assert (answer["model_name"], answer["id"]) == ("sign", "k1")
        outputs = {output["name"]: output for output in answer["outputs"]}
        assert outputs["label"]["data"] == ["positive", "negative"]
        assert outputs["output"]["shape"] == [2, 2]
        assert len(outputs["output"]["data"]) == 4
        assert response.headers["x-model"] == "sign"


def numbers(**changed: Any) -> dict[str, Any]:
    return {"inputs": [{"name": "input", "shape": [1, 2], "datatype": "FP32", "data": [1, 2], **changed}]}


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        (numbers(name="x"), "the inputs are ['x']"),
        (numbers(shape=[1, 3]), "do not fill the shape"),
        (numbers(shape=[1, 3], data=[1, 2, 3]), "A row has 3 numbers"),
        (numbers(shape=[2], data=[1, 2]), "input is [2]"),
        (numbers(shape=[-1, 2]), "greater than or equal to 0"),
        (numbers(datatype="FP31"), "FP31 is none of"),
        (numbers(datatype="BYTES", data=["a", "b"]), "send FP32"),
        (numbers(data=[1, "2"]), "not all FP32"),
        (numbers(data=[1, True]), "not all FP32"),
        (numbers(data=[1, 1e39]), "too large"),
        (numbers(datatype="UINT8", data=[1, 300]), "input:"),
        (numbers(data=None), "neither data"),
        (numbers(parameters={"binary_data_size": 8}), "the body ends"),
        (numbers(shape=[], data=[1]), "not rows"),
        (numbers(shape=[2**70, 0], data=[]), "less than"),
        (numbers(shape=[2**30] * 3 + [0], data=[]), "input:"),
        ({"inputs": []}, "the inputs are []"),
        ({**numbers(), "outputs": [{"name": "y"}]}, "no output 'y'"),
        ([], "the body"),
    ],
)
def test_what_is_wrong_is_said_in_the_protocol_s_form(
    regressor: ModelServerProgram, body: Any, hint: str
) -> None:
    """A 400 with `error`, and nothing else."""
    response = infer(regressor, "regressor", body)
    assert response.status_code == 400
    assert set(response.json()) == {"error"}
    assert hint in response.json()["error"]


def test_every_refusal_has_the_protocol_s_form(colour: ModelServerProgram) -> None:
    """Unknown models, other paths, bad images and bodies that are too large."""
    image = {"name": "image", "shape": [1], "datatype": "BYTES"}
    no_image = base64.b64encode(b"no image").decode()
    refused = [
        (infer(colour, "other", {}), 404, "other is not here; colour 1 is"),
        (httpx.get(f"{colour.url}/v2/models/colour/versions/9"), 404, "colour 9"),
        (httpx.get(f"{colour.url}/v2/nothing"), 404, "Not Found"),
        (httpx.post(f"{colour.url}/v2/repository/models/colour/load"), 404, "Not Found"),
        (infer(colour, "colour", {"inputs": [{**image, "data": [no_image]}]}), 415, "none of JPEG"),
        (infer(colour, "colour", {"inputs": [{**image, "data": ["*"]}]}), 400, "base64"),
        (httpx.post(f"{colour.url}/v2/models/colour/infer", content=b"x" * 11_000_000), 413, "larger than"),
    ]
    for response, status, hint in refused:
        assert response.status_code == status
        assert set(response.json()) == {"error"}
        assert hint in response.json()["error"]
        assert "x-request-id" in response.headers
    with pytest.raises(InferenceServerException, match="not here"):
        client_of(colour).infer("other", [images_input(["red"], binary=True)])


@pytest.mark.parametrize(
    ("header_length", "tail", "hint"),
    [
        ("9999", b"", "the body has"),
        ("x", b"", "Inference-Header"),
        ("9" * 5000, b"", "Inference-Header"),
        (None, b"\x02\x00\x00\x00ab", "element is longer"),
        (None, b"\x01\x00\x00\x00", "element is longer"),
        (None, b"\x02\x00", "element is longer"),
        (None, b"\x00\x00\x00\x00more", "element is longer"),
    ],
)
def test_broken_binary_data_is_refused(
    colour: ModelServerProgram, header_length: str | None, tail: bytes, hint: str
) -> None:
    """Lengths that lie read nothing that is not theirs."""
    size = min(len(tail), 5)
    header = (
        '{"inputs":[{"name":"image","datatype":"BYTES","shape":[1],'
        f'"parameters":{{"binary_data_size":{size}}}}}]}}'
    ).encode()
    response = httpx.post(
        f"{colour.url}/v2/models/colour/infer",
        content=header + tail[:size],
        headers={"Inference-Header-Content-Length": header_length or str(len(header))},
    )
    assert response.status_code == 400
    assert hint in response.json()["error"]
