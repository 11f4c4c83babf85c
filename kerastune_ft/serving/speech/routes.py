"""The routes of OpenAI's interface to a model that writes down speech."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from kerastune_ft.serving.body import read_body
from kerastune_ft.serving.refusal import BAD_REQUEST, UNREADABLE, Refusal
from kerastune_ft.serving.service import Service
from kerastune_ft.serving.speech.answers import write_answer
from kerastune_ft.serving.speech.multipart import TYPE, read_form
from kerastune_ft.serving.speech.requests import Asked, read_request
from kerastune_ft.serving.speech.transcriber import ServedTranscriber
from kerastune_ft.serving.writing.faults import BadParameter

TRANSCRIPTIONS, TRANSLATIONS, MODELS = "/v1/audio/transcriptions", "/v1/audio/translations", "/v1/models"
PATHS = (TRANSCRIPTIONS, TRANSLATIONS, MODELS)
"""The paths whose errors have OpenAI's form."""


def make_routes(service: Service, model: ServedTranscriber, created: int) -> list[Route]:
    """Return the routes of the interface; `created` is when the model was loaded, in seconds since 1970."""
    about = {"id": model.name, "object": "model", "created": created, "owned_by": "kerastune_ft"}

    async def transcribe(request: Request) -> Response:
        with service.held.hold() as holding:
            data = await read_body(request, service.limits, holding, (TYPE,))
            asked = await service.run(_parse, request.headers.get("content-type", ""), data, model)
            with _name_file():
                answer = await service.answer_whole(asked.recording)
        return write_answer(answer, asked.form, model)

    async def list_models(request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [about]})

    paths = (TRANSCRIPTIONS, TRANSLATIONS) if model.translates else (TRANSCRIPTIONS,)
    return [
        *(Route(path, transcribe, methods=["POST"], name="transcriptions") for path in paths),
        Route(MODELS, list_models, methods=["GET"], name="models"),
    ]


def _parse(kind: str, data: bytes, model: ServedTranscriber) -> Asked:
    return read_request(read_form(kind, data), model)


@contextlib.contextmanager
def _name_file() -> Iterator[None]:
    """Say of a sound that cannot be read that it is the parameter at fault."""
    try:
        yield
    except Refusal as refusal:
        if refusal.status >= 500:
            raise
        status = BAD_REQUEST if refusal.status == UNREADABLE else refusal.status
        raise BadParameter("file", refusal.text, status=status) from refusal
