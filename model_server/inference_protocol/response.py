"""Write an inference response: a JSON header, and behind it the raw bytes of binary tensors."""

import json
from collections.abc import Sequence

from model_server.inference_protocol.request import HEADER_LENGTH, OutputHeader, Wanted
from model_server.inference_protocol.tensors import Tensor, to_bytes, to_json


def write_response(
    wanted: Wanted, model: str, version: str, outputs: Sequence[Tensor]
) -> tuple[bytes, dict[str, str]]:
    """Return the body and the headers that go with it; the wanted outputs are there."""
    by_name = {one.name: one for one in outputs}
    chosen_outputs = wanted.outputs or [OutputHeader(name=name) for name in by_name]
    headers, blobs = [], []
    for one in chosen_outputs:
        tensor = by_name[one.name]
        described = {"name": tensor.name, "datatype": tensor.datatype, "shape": list(tensor.shape)}
        chosen = one.parameters.binary_data
        if wanted.parameters.binary_data_output if chosen is None else chosen:
            blobs.append(to_bytes(tensor))
            headers.append({**described, "parameters": {"binary_data_size": len(blobs[-1])}})
        else:
            headers.append({**described, "data": to_json(tensor)})
    response = {"model_name": model, "model_version": version, "id": wanted.id, "outputs": headers}
    header = json.dumps(response, separators=(",", ":")).encode()
    if not blobs:
        return header, {"Content-Type": "application/json"}
    binary = {"Content-Type": "application/octet-stream", HEADER_LENGTH: str(len(header))}
    return header + b"".join(blobs), binary
