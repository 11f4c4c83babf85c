"""TensorFlow Serving's REST: `:predict` in rows and columns, `:classify`, `:regress`, status and metadata."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from kerastune_ft.serving.body import read_body
from kerastune_ft.serving.inputs import Form, Given
from kerastune_ft.serving.outputs import Output
from kerastune_ft.serving.refusal import BAD_REQUEST, Refusal, refuse_all
from kerastune_ft.serving.service import VERSION, Service

SIGNATURE = "serving_default"
_TYPES = {"BYTES": "DT_STRING", "FP32": "DT_FLOAT", "FP64": "DT_DOUBLE", "BOOL": "DT_BOOL"}
_SCORES, _VALUE = "probabilities", "value"
Answers = Sequence[list[Any] | Refusal]


def make_routes(service: Service) -> list[Route]:
    """Return the routes of the protocol."""

    async def predict(request: Request) -> Response:
        return await _predict(service, request)

    async def classify(request: Request) -> Response:
        return await _score(service, request, _SCORES, lambda output, values: _pair(service, output, values))

    async def regress(request: Request) -> Response:
        return await _score(service, request, _VALUE, lambda output, values: values)

    async def status(request: Request) -> Response:
        if request.path_params["name"].rpartition(":")[2] in verbs:
            raise Refusal(405, "Method Not Allowed", {"allow": "POST"})
        _check_model(service, request, "Could not find any versions of model {name}")
        ok = {"error_code": "OK", "error_message": ""}
        return JSONResponse({"model_version_status": [{"version": VERSION, "state": "AVAILABLE", "status": ok}]})

    async def metadata(request: Request) -> Response:
        _check_model(service, request, "Servable not found for request: Latest({name})")
        return JSONResponse(describe_signature(service))

    verbs = {"predict": predict, "classify": classify, "regress": regress}
    routes = []
    for path in ("/v1/models/{name}", "/v1/models/{name}/versions/{version}"):
        for verb, endpoint in verbs.items():
            routes.append(Route(f"{path}:{verb}", endpoint, methods=["POST"], name=f"v1 {verb}"))
        routes.append(Route(f"{path}/metadata", metadata, methods=["GET"], name="v1 metadata"))
        routes.append(Route(path, status, methods=["GET"], name="v1 status"))
    return routes


def _check_model(service: Service, request: Request, text: str) -> None:
    name, version = request.path_params["name"], request.path_params.get("version", VERSION)
    if name != service.model.name or version != VERSION:
        raise Refusal(404, text.format(name=name[:200]))


def describe_signature(service: Service) -> dict[str, Any]:
    """Return the metadata of the model, as TensorFlow Serving writes `GetModelMetadataResponse`."""

    def describe(name: str, datatype: str, shape: Sequence[int]) -> dict[str, Any]:
        dimensions = [{"size": str(size), "name": ""} for size in shape]
        tensor_shape = {"dim": dimensions, "unknown_rank": False}
        return {"dtype": _TYPES[datatype], "tensor_shape": tensor_shape, "name": f"{name}:0"}

    signature = {
        "inputs": {each.name: describe(each.name, each.datatype, each.shape) for each in service.model.form.tensors},
        "outputs": {each.name: describe(each.name, each.datatype, each.shape) for each in service.outputs},
        "method_name": "tensorflow/serving/predict",
        "defaults": {},
    }
    return {
        "model_spec": {"name": service.model.name, "signature_name": "", "version": VERSION},
        "metadata": {"signature_def": {"signature_def": {SIGNATURE: signature}}},
    }


async def _predict(service: Service, request: Request) -> Response:
    _check_model(service, request, "Servable not found for request: Latest({name})")
    with service.held.hold() as holding:
        asked = _require_object(await _read_json(service, request, holding))
        is_row = "instances" in asked
        if is_row == ("inputs" in asked):
            raise Refusal(BAD_REQUEST, 'a request has exactly one of "instances" and "inputs"')
        signature = asked.get("signature_name", SIGNATURE)
        if signature not in (SIGNATURE, ""):
            raise Refusal(BAD_REQUEST, f"Serving signature name {str(signature)[:100]!r} not found; {SIGNATURE} is")
        values = asked["instances"] if is_row else _turn_columns(service.model.form, asked["inputs"])
        answers = await _answer(service, values, "instances" if is_row else "inputs")
    write = _write_rows if is_row else _write_columns
    return JSONResponse(write(service.outputs, answers))


async def _score(service: Service, request: Request, name: str, write: Callable[[Output, Any], Any]) -> Response:
    """Return the answer of `:classify` or `:regress`, which is made of one output."""
    _check_model(service, request, "Servable not found for request: Latest({name})")
    place = next((place for place, output in enumerate(service.outputs) if output.name == name), None)
    if place is None:
        raise Refusal(BAD_REQUEST, f"this model gives no {name}; use :predict")
    with service.held.hold() as holding:
        asked = _require_object(await _read_json(service, request, holding))
        key = "examples" if "examples" in asked else "instances"
        if key not in asked:
            raise Refusal(BAD_REQUEST, 'a request has "examples", a list')
        answers = await _answer(service, asked[key], key)
    output = service.outputs[place]
    return JSONResponse(
        {"results": [_say(each) if isinstance(each, Refusal) else write(output, each[place]) for each in answers]}
    )


async def _read_json(service: Service, request: Request, holding: Any) -> Any:
    return await service.parse(await read_body(request, service.limits, holding))


def _require_object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Refusal(BAD_REQUEST, "a request is a JSON object")
    return value


def _turn_columns(form: Form, given: Any) -> Any:
    """Return the instances of a request in columns."""
    if isinstance(given, Mapping) and set(given) == set(form.names):
        columns = [given[name] for name in form.names]
        if not all(isinstance(column, list) for column in columns):
            columns = [[column] for column in columns]
        if len({len(column) for column in columns}) > 1:
            raise Refusal(BAD_REQUEST, f"inputs: {' and '.join(form.names)} have different lengths")
        return [dict(zip(form.names, row, strict=True)) for row in zip(*columns, strict=True)]
    return given if isinstance(given, list) else [given]


async def _answer(service: Service, values: Any, place: str) -> Answers:
    """Return the answers of instances; raise Refusal where none has any."""
    if not isinstance(values, list) or not values:
        raise Refusal(BAD_REQUEST, f"{place} is a list of at least one input")
    service.check_count(len(values))
    inputs = [_parse(service.model.form, value) for value in values]
    answers = await service.answer(inputs)
    refusals = {f"{place}[{row}]": each for row, each in enumerate(answers) if isinstance(each, Refusal)}
    if len(refusals) == len(answers):
        raise refuse_all(refusals)
    return answers


def _parse(form: Form, value: Any) -> Given | Refusal:
    try:
        return form.parse(value)
    except Refusal as refusal:
        return refusal


def _write_rows(outputs: Sequence[Output], answers: Answers) -> dict[str, Any]:
    if len(outputs) == 1:
        # As TensorFlow Serving does where there is one tensor.
        return {"predictions": [_say(each) if isinstance(each, Refusal) else _write(each[0]) for each in answers]}
    return {"predictions": [_say(each) if isinstance(each, Refusal) else _name(outputs, each) for each in answers]}


def _write_columns(outputs: Sequence[Output], answers: Answers) -> dict[str, Any]:
    columns: dict[str, list[Any]] = {
        output.name: [None if isinstance(each, Refusal) else _write(each[place]) for each in answers]
        for place, output in enumerate(outputs)
    }
    if any(isinstance(each, Refusal) for each in answers):
        columns["error"] = [each.text if isinstance(each, Refusal) else None for each in answers]
    elif len(outputs) == 1:
        return {"outputs": columns[outputs[0].name]}
    return {"outputs": columns}


def _name(outputs: Sequence[Output], values: list[Any]) -> dict[str, Any]:
    return {output.name: _write(value) for output, value in zip(outputs, values, strict=True)}


def _say(refusal: Refusal) -> dict[str, str]:
    return {"error": refusal.text}


def _write(value: Any) -> Any:
    return {"b64": base64.b64encode(value).decode("ascii")} if isinstance(value, bytes) else value


def _pair(service: Service, output: Output, scores: Sequence[float]) -> list[list[Any]]:
    return [list(pair) for pair in zip(service.model.classes, scores, strict=True)]
