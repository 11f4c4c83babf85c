"""TensorFlow Serving's REST, as its clients speak it."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from kerastune_ft.serving.protocols.tensorflow_serving import describe_signature
from tests.support.served import Client, StandIn, b64, name_labels, name_mask, name_value, picture, start

BRIGHT, DARK = {"label": "bright", "probabilities": [0.0, 1.0]}, {"label": "dark", "probabilities": [1.0, 0.0]}


def test_rows_and_columns() -> None:
    with start() as service:
        client = Client(service)
        rows = client.predict(b64(picture(255)), {"image_bytes": b64(picture(0))})
        path = "/v1/models/cells/versions/1:predict"
        columns = {"image_bytes": [b64(picture(255)), b64(picture(0))]}
        named = client.ask("POST", path, json={"inputs": columns, "signature_name": "serving_default"})
        listed = client.ask("POST", path, json={"inputs": columns["image_bytes"]})
        alone = client.ask("POST", path, json={"inputs": b64(picture(0))})
    assert (rows.status_code, rows.json()) == (200, {"predictions": [BRIGHT, DARK]})
    assert named.json() == {"outputs": {"label": ["bright", "dark"], "probabilities": [[0.0, 1.0], [1.0, 0.0]]}}
    assert listed.json() == named.json()
    assert alone.json()["outputs"]["label"] == ["dark"]


def test_texts_and_pairs() -> None:
    with start(StandIn("text")) as service:
        client = Client(service)
        assert client.predict("a" * 16, {"text": "b"}, b64(b"c")).json()["predictions"][0] == BRIGHT
        assert client.ask("POST", "/v1/models/cells:predict", json={"inputs": ["a", "b"]}).status_code == 200
    with start(StandIn("text", 2)) as service:
        client = Client(service)
        rows = client.predict(["a" * 8, "b" * 8], {"text": "a", "text_2": "b"}).json()["predictions"]
        columns = {"text": ["a" * 8, "a"], "text_2": ["b" * 8, "b"]}
        same = client.ask("POST", "/v1/models/cells:predict", json={"inputs": columns}).json()["outputs"]
        uneven = {"text": ["a"], "text_2": ["b", "c"]}
        refused = client.ask("POST", "/v1/models/cells:predict", json={"inputs": uneven})
    assert [row["label"] for row in rows] == same["label"] == ["bright", "dark"]
    assert (refused.status_code, refused.json()) == (400, {"error": "inputs: text and text_2 have different lengths"})


def test_one_output_has_no_name_as_in_tensorflow_serving() -> None:
    with start(StandIn(say=name_value)) as service:
        client = Client(service)
        assert client.predict(b64(picture(255))).json() == {"predictions": [10.0]}
        asked = {"inputs": [b64(picture(255))]}
        assert client.ask("POST", "/v1/models/cells:predict", json=asked).json() == {"outputs": [10.0]}
        found = client.predict(b64(picture(255)), b64(b"x"), key="examples", verb="regress").json()["results"]
        assert found[0] == 10.0 and "error" in found[1]


def test_masks_are_pictures_in_base64() -> None:
    with start(StandIn(say=name_mask)) as service:
        (found,) = Client(service).predict(b64(picture(255))).json()["predictions"]
    assert base64.b64decode(found["mask_bytes"]["b64"])[:4] == b"\x89PNG"
    assert found["shares"] == [0.5, 0.5]


def test_classify_gives_pairs_of_label_and_score() -> None:
    with start(StandIn(say=name_labels)) as service:
        client = Client(service)
        found = client.predict({"image_bytes": b64(picture(255))}, key="examples", verb="classify")
        assert found.json() == {"results": [[["dark", 0.0], ["bright", 1.0]]]}
        assert client.predict(b64(picture(255)), verb="regress").status_code == 400


def test_one_bad_input_is_that_rows_error() -> None:
    with start() as service:
        client = Client(service)
        found = client.predict(b64(picture(255)), {"b64": "?"}, b64(b"no image"), 3)
        columns = client.ask("POST", "/v1/models/cells:predict", json={"inputs": [b64(picture(255)), b64(b"x")]})
    assert found.status_code == 200
    first, *others = found.json()["predictions"]
    assert first == BRIGHT
    assert [one["error"] for one in others[:2]] == ["b64 is not base64", "is no image that can be read"]
    assert columns.json()["outputs"] == {
        "label": ["bright", None], "probabilities": [[0.0, 1.0], None], "error": [None, "is no image that can be read"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, b"{"), (400, b"[]"), (400, b"{}"), (400, b'{"instances": []}'), (400, b'{"instances": "a"}'),
        (400, b'{"instances": [1]}'), (400, b'{"instances": [1], "inputs": [1]}'), (400, b'{"inputs": 3}'),
        (422, b'{"instances": [{"b64": "AAAA"}]}'), (400, b'{"instances": [{"b64": "A"}]}'),
        (400, b'{"instances": [{"b64": "AAAA"}], "signature_name": "other"}'),
        (413, b'{"instances": [' + b"1," * 64 + b"1]}"),
    ],
)  # fmt: skip
def test_requests_that_are_not_answered(status: int, body: bytes) -> None:
    with start() as service:
        found = Client(service).ask("POST", "/v1/models/cells:predict", content=body)
    assert (found.status_code, list(found.json())) == (status, ["error"])


def test_status_metadata_and_models_that_are_not_there() -> None:
    with start() as service:
        client = Client(service)
        status = client.ask("GET", "/v1/models/cells").json()["model_version_status"]
        assert status[0]["state"] == "AVAILABLE"
        found = client.ask("GET", "/v1/models/cells/versions/1/metadata").json()
        assert found == describe_signature(service)
        for path in ("/v1/models/other", "/v1/models/cells/versions/2", "/v1/models/other/metadata", "/v1/models"):
            assert client.ask("GET", path).status_code == 404
        assert client.ask("POST", "/v1/models/other:predict", json={}).json() == {
            "error": "Servable not found for request: Latest(other)"
        }
        wrong = client.ask("GET", "/v1/models/cells:predict")
        assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")


def test_googles_messages_take_status_and_metadata() -> None:
    model = pytest.importorskip("tensorflow_serving.apis.get_model_metadata_pb2")
    status: Any = pytest.importorskip("tensorflow_serving.apis.get_model_status_pb2")
    from google.protobuf import json_format

    with start(StandIn(say=name_mask)) as service:
        found = Client(service).ask("GET", "/v1/models/cells").json()
        signatures = describe_signature(service)["metadata"]["signature_def"]
    parsed = json_format.ParseDict(found, status.GetModelStatusResponse()).model_version_status[0]
    assert (parsed.version, parsed.state) == (1, status.ModelVersionStatus.AVAILABLE)
    signature = json_format.ParseDict(signatures, model.SignatureDefMap()).signature_def["serving_default"]
    assert sorted(signature.outputs) == ["mask_bytes", "shares"]
    assert [each.size for each in signature.outputs["shares"].tensor_shape.dim] == [-1, 2]
