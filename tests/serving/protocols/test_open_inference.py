"""The Open Inference Protocol v2."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pytest

from kerastune_ft.serving.limits import Limits
from tests.support.served import Client, StandIn, listen, name_mask, pack, picture, start, tensor

INFER = "/v2/models/cells/infer"


def ask(client: Client, content: bytes, **asked: Any) -> Any:
    """Ask about pictures that follow the JSON as bytes."""
    head = json.dumps({"inputs": [tensor(count=asked.pop("count", 1), size=len(content))], **asked}).encode()
    headers = {"Inference-Header-Content-Length": str(len(head)), "content-type": "application/octet-stream"}
    return client.ask("POST", INFER, content=head + content, headers=headers)


def test_health_and_metadata() -> None:
    with start() as service:
        client = Client(service)
        assert client.ask("GET", "/v2").json()["extensions"] == ["binary_tensor_data"]
        for path in ("/v2/health/live", "/v2/health/ready", "/v2/models/cells/ready", "/v2/models/cells/versions/1"):
            assert client.ask("GET", path).status_code == 200
        found = client.ask("GET", "/v2/models/cells").json()
        assert found["inputs"] == [{"name": "image_bytes", "datatype": "BYTES", "shape": [-1]}]
        assert [one["name"] for one in found["outputs"]] == ["label", "probabilities"]
        assert client.ask("GET", "/v2/models/other/ready").status_code == 404
    assert client.ask("GET", "/v2/health/ready").status_code == 503
    assert client.ask("GET", "/v2/health/live").status_code == 200


def test_answers_in_json() -> None:
    with start() as service:
        data = [base64.b64encode(picture(value)).decode() for value in (255, 0)]
        asked = {"id": "mine", "inputs": [tensor(data=data)]}
        found = Client(service).ask("POST", INFER, json=asked).json()
    assert (found["id"], found["model_name"], found["model_version"]) == ("mine", "cells", "1")
    assert [one["data"] for one in found["outputs"]] == [["bright", "dark"], [0.0, 1.0, 1.0, 0.0]]


def test_a_name_of_a_request_that_no_utf_8_can_write_comes_back_readable() -> None:
    asked = {"id": "a\ud800b", "inputs": [tensor(count=1, data=[base64.b64encode(picture(0)).decode()])]}
    with start() as service:
        found = Client(service).ask("POST", INFER, content=json.dumps(asked).encode())
    assert (found.status_code, found.json()["id"]) == (200, "a?b")


def test_answers_in_bytes_of_the_outputs_that_are_wanted() -> None:
    wanted = [{"name": "probabilities", "parameters": {"binary_data": True}}, {"name": "label"}]
    with start() as service:
        found = ask(Client(service), pack(picture(255)), outputs=wanted)
    length = int(found.headers["inference-header-content-length"])
    first, second = json.loads(found.content[:length])["outputs"]
    assert (first["parameters"], second["data"]) == ({"binary_data_size": 8}, ["bright"])
    np.testing.assert_array_equal(np.frombuffer(found.content[length:], "<f4"), [0.0, 1.0])


def test_masks_in_bytes() -> None:
    with start(StandIn(say=name_mask)) as service:
        found = ask(Client(service), pack(picture(255)), parameters={"binary_data_output": True})
    assert found.content[int(found.headers["inference-header-content-length"]) + 4 :][:4] == b"\x89PNG"


def test_one_bad_input_refuses_the_request_since_a_tensor_has_no_place_for_it() -> None:
    with start() as service:
        found = ask(Client(service), pack(picture(255), b"no image"), count=2)
    assert (found.status_code, found.json()) == (422, {"error": "image_bytes[1]: is no image that can be read"})


@pytest.mark.parametrize(
    "asked",
    [
        {"outputs": [{"name": "other"}]}, {"outputs": "label"}, {"outputs": [{}]}, {"count": 2},
        {"outputs": [{"name": "label", "parameters": {"classification": 2}}]},
    ],
)  # fmt: skip
def test_what_cannot_be_had(asked: dict[str, Any]) -> None:
    with start() as service:
        assert ask(Client(service), pack(picture(255)), **asked).status_code == 400


@pytest.mark.parametrize("length", ["-1", "x", "9" * 30, "99999"])
def test_a_length_of_the_json_that_it_does_not_have(length: str) -> None:
    with start() as service:
        headers = {"Inference-Header-Content-Length": length}
        assert Client(service).ask("POST", INFER, content=b"{}", headers=headers).status_code == 400


@pytest.mark.slow
def test_tritons_client_takes_the_answers() -> None:
    client = pytest.importorskip("tritonclient.http")
    with start() as service, listen(service, Limits()) as port:
        triton = client.InferenceServerClient(f"127.0.0.1:{port}")
        assert triton.is_server_live() and triton.is_server_ready() and triton.is_model_ready("cells")
        assert triton.get_model_metadata("cells")["platform"] == "stand-in"
        given = client.InferInput("image_bytes", [2], "BYTES")
        given.set_data_from_numpy(np.array([picture(255), picture(0)], object), binary_data=True)
        for is_bytes in (True, False):
            names = [client.InferRequestedOutput(name, binary_data=is_bytes) for name in ("label", "probabilities")]
            found = triton.infer("cells", [given], outputs=names)
            assert [str(each, "utf-8") if is_bytes else each for each in found.as_numpy("label")] == ["bright", "dark"]
            np.testing.assert_array_equal(found.as_numpy("probabilities"), [[0, 1], [1, 0]])
        triton.close()
