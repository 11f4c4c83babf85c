"""The Open Inference Protocol v2, as KServe, Triton and Seldon speak it: health, metadata, and `infer`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from kerastune_ft.serving.body import read_body
from kerastune_ft.serving.outputs import Output
from kerastune_ft.serving.protocols.tensors import read_tensors, write_bytes, write_json
from kerastune_ft.serving.refusal import BAD_REQUEST, BUSY, WAIT, Refusal, refuse_all
from kerastune_ft.serving.service import VERSION, Service

_HEADER = "inference-header-content-length"
NAME = "kerastune_ft"
LIVE, READY = "/v2/health/live", "/v2/health/ready"


def make_routes(service: Service) -> list[Route]:
    """Return the routes of the protocol."""

    async def server(request: Request) -> Response:
        return JSONResponse({"name": NAME, "version": _version(), "extensions": ["binary_tensor_data"]})

    async def live(request: Request) -> Response:
        return JSONResponse({"live": True})

    async def ready(request: Request) -> Response:
        if not service.is_ready:
            raise Refusal(BUSY, "not ready", WAIT)
        return JSONResponse({"ready": True})

    async def model(request: Request) -> Response:
        _check_model(service, request)
        return JSONResponse(describe_model(service))

    async def model_ready(request: Request) -> Response:
        _check_model(service, request)
        await ready(request)
        return JSONResponse({"name": service.model.name, "ready": True})

    async def infer(request: Request) -> Response:
        return await _infer(service, request)

    routes = [
        Route("/v2", server, methods=["GET"], name="v2 server"),
        Route(LIVE, live, methods=["GET"], name="v2 live"),
        Route(READY, ready, methods=["GET"], name="v2 ready"),
    ]
    for path in ("/v2/models/{name}", "/v2/models/{name}/versions/{version}"):
        routes += [
            Route(path, model, methods=["GET"], name="v2 metadata"),
            Route(f"{path}/ready", model_ready, methods=["GET"], name="v2 model ready"),
            Route(f"{path}/infer", infer, methods=["POST"], name="v2 infer"),
        ]
    return routes


def _version() -> str:
    try:
        return version(NAME)
    except PackageNotFoundError:
        return "0"


def _check_model(service: Service, request: Request) -> None:
    name, number = request.path_params["name"], request.path_params.get("version", VERSION)
    if name != service.model.name or number != VERSION:
        raise Refusal(404, f"Request for unknown model: '{name[:200]}' version {number[:20]} is not found")


def describe_model(service: Service) -> dict[str, Any]:
    """Return the metadata of the model."""
    return {
        "name": service.model.name,
        "versions": [VERSION],
        "platform": service.model.platform,
        "inputs": [
            {"name": each.name, "datatype": each.datatype, "shape": list(each.shape)}
            for each in service.model.form.tensors
        ],
        "outputs": [
            {"name": each.name, "datatype": each.datatype, "shape": list(each.shape)} for each in service.outputs
        ],
    }


async def _infer(service: Service, request: Request) -> Response:
    _check_model(service, request)
    with service.held.hold() as holding:
        data = await read_body(request, service.limits, holding)
        length = _read_length(request, len(data))
        asked = await service.parse(data[:length])
        if not isinstance(asked, Mapping):
            raise Refusal(BAD_REQUEST, "a request is a JSON object")
        form = service.model.form
        found = read_tensors(asked.get("inputs"), data[length:], form, service.limits.max_instances)
        wanted = _choose_outputs(asked, service.outputs)
        if len({len(column) for column in found.values()}) > 1:
            raise Refusal(BAD_REQUEST, f"{' and '.join(form.names)} have different lengths")
        answers = await service.answer(form.join(found))
    refusals = {f"{form.names[0]}[{row}]": each for row, each in enumerate(answers) if isinstance(each, Refusal)}
    if refusals:
        # A tensor has no place for what one of its rows lacks, and zeros would be taken for an answer.
        raise refuse_all(refusals)
    rows = [each for each in answers if not isinstance(each, Refusal)]
    return _respond(service, asked, wanted, rows)


def _read_length(request: Request, whole: int) -> int:
    text = request.headers.get(_HEADER)
    if text is None:
        return whole
    if not (text.isascii() and text.isdigit()) or len(text) > 18 or int(text) > whole:
        raise Refusal(BAD_REQUEST, "Inference-Header-Content-Length is not the length of the JSON")
    return int(text)


def _choose_outputs(asked: Mapping[str, Any], outputs: Sequence[Output]) -> list[tuple[int, Output, bool]]:
    """Return the outputs that are wanted, with their places, and whether each is to be sent as bytes."""
    by_default = _wants_bytes(asked, "binary_data_output")
    given = asked.get("outputs")
    if given is None:
        return [(place, output, by_default) for place, output in enumerate(outputs)]
    if not isinstance(given, list) or not all(isinstance(one, Mapping) for one in given):
        raise Refusal(BAD_REQUEST, "outputs is a list of objects with a name")
    names = {output.name: (place, output) for place, output in enumerate(outputs)}
    chosen = []
    for one in given:
        name = one.get("name")
        if not isinstance(name, str) or name not in names:
            raise Refusal(BAD_REQUEST, f"outputs: {str(name)[:100]!r} is none of {', '.join(names)}")
        parameters = one.get("parameters") or {}
        if not isinstance(parameters, Mapping) or parameters.get("classification"):
            raise Refusal(BAD_REQUEST, f"outputs {name}: no parameter but binary_data is known")
        chosen.append((*names[name], _wants_bytes(one, "binary_data", by_default)))
    return chosen


def _wants_bytes(one: Mapping[str, Any], key: str, otherwise: bool = False) -> bool:
    parameters = one.get("parameters") or {}
    return bool(parameters.get(key, otherwise)) if isinstance(parameters, Mapping) else otherwise


def _respond(
    service: Service, asked: Mapping[str, Any], wanted: list[tuple[int, Output, bool]], rows: list[list[Any]]
) -> Response:
    tensors, contents = [], []
    for place, output, is_bytes in wanted:
        values = [row[place] for row in rows]
        if is_bytes:
            about, content = write_bytes(output, values)
            contents.append(content)
        else:
            about = write_json(output, values)
        tensors.append(about)
    answer: dict[str, Any] = {"model_name": service.model.name, "model_version": VERSION, "outputs": tensors}
    if isinstance(asked.get("id"), str):
        # Half a character, which JSON can write, would be no UTF-8.
        answer["id"] = asked["id"][:1000].encode("utf-8", "replace").decode("utf-8")
    if not contents:
        return JSONResponse(answer)
    head = json.dumps(answer, allow_nan=False).encode("utf-8")
    headers = {_HEADER: str(len(head))}
    return Response(b"".join((head, *contents)), media_type="application/octet-stream", headers=headers)
