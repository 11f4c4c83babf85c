"""The routes of OpenAI's interface: chat completions, completions and the list of models."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from kerastune_ft.config.options.language.tasks import Generation
from kerastune_ft.serving.body import read_body
from kerastune_ft.serving.limits import Limits
from kerastune_ft.serving.refusal import Refusal
from kerastune_ft.serving.writing.answers import CHAT, COMPLETION, DONE, Form, Reply, Usage, Written, write_event
from kerastune_ft.serving.writing.faults import BadParameter, describe_refusal
from kerastune_ft.serving.writing.requests import Asked, read_chat, read_completion
from kerastune_ft.serving.writing.service import WritingService
from kerastune_ft.serving.writing.writer import Piece

Prompts = Sequence[tuple[Sequence[int], Generation]]
_Read = Callable[[Any, str, Generation, Limits], Asked]
_T = TypeVar("_T")
# What a proxy would otherwise hold back until it is whole.
_UNBUFFERED = {"x-accel-buffering": "no"}
# The status that nginx notes for a client that has gone away; nobody reads it.
_GONE = 499


def make_routes(service: WritingService, created: int) -> list[Route]:
    """Return the routes of the interface; `created` is when the model was loaded, in seconds since 1970."""
    model = {"id": service.model.name, "object": "model", "created": created, "owned_by": "kerastune_ft"}

    async def chat(request: Request) -> Response:
        return await _answer(service, request, CHAT, read_chat)

    async def complete(request: Request) -> Response:
        return await _answer(service, request, COMPLETION, read_completion)

    async def models(request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [model]})

    async def describe(request: Request) -> Response:
        if request.path_params["name"] != service.model.name:
            raise BadParameter("model", "there is none of that name here", "model_not_found", 404)
        return JSONResponse(model)

    return [
        Route("/v1/chat/completions", chat, methods=["POST"], name="chat completions"),
        Route("/v1/completions", complete, methods=["POST"], name="completions"),
        Route("/v1/models", models, methods=["GET"], name="models"),
        Route("/v1/models/{name}", describe, methods=["GET"], name="model"),
    ]


async def _answer(service: WritingService, request: Request, form: Form, read: _Read) -> Response:
    with service.held.hold() as holding:
        data = await read_body(request, service.limits, holding)
        asked = read(await service.parse(data), service.model.name, service.model.options, service.limits)
    prompts = await service.encode(asked)
    reply = Reply(form, service.model.name)
    if asked.is_streamed:
        return await _stream(service, request, reply, asked, prompts)
    return await _watch_client(request, _write_whole(service, reply, asked, prompts))


async def _write_whole(service: WritingService, reply: Reply, asked: Asked, prompts: Prompts) -> Response:
    async def write_one(place: int) -> tuple[Written, int]:
        prompt, options = prompts[place]
        pieces = [piece async for piece in service.write(prompt, options, asked.seed + place, asked.is_answered)]
        return Written("".join(piece.text for piece in pieces), str(pieces[-1].ending)), pieces[-1].tokens

    found = await asyncio.gather(*map(write_one, range(len(prompts))))
    usage = Usage(sum(len(prompt) for prompt, _ in prompts), sum(tokens for _, tokens in found))
    return JSONResponse(reply.write_whole([written for written, _ in found], usage))


async def _watch_client(request: Request, work: Coroutine[Any, Any, _T]) -> _T:
    """Return what a computation returns, or end it when the client has gone away."""

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    task, gone = asyncio.ensure_future(work), asyncio.ensure_future(watch())
    try:
        await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise Refusal(_GONE, "the client has gone away")
    finally:
        for each in (task, gone):
            each.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await each


class _Events(StreamingResponse):
    """A stream whose source is closed at its end, whoever ended it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            close: Any = self.body_iterator
            await close.aclose()


async def _stream(service: WritingService, request: Request, reply: Reply, asked: Asked, prompts: Prompts) -> Response:
    """Return an answer in events, one prompt after the other, once the first piece is there."""
    pieces = _write_all(service, asked, prompts)

    async def begin() -> tuple[int, Piece]:
        return await anext(pieces)

    # What is refused has its status then.
    first = await _watch_client(request, begin())
    events = _write_events(reply, asked, prompts, first, pieces)
    return _Events(events, media_type="text/event-stream", headers=_UNBUFFERED)


async def _write_all(
    service: WritingService, asked: Asked, prompts: Prompts
) -> AsyncGenerator[tuple[int, Piece], None]:
    for place, (prompt, options) in enumerate(prompts):
        async with contextlib.aclosing(service.write(prompt, options, asked.seed + place, asked.is_answered)) as pieces:
            async for piece in pieces:
                yield place, piece


async def _write_events(
    reply: Reply,
    asked: Asked,
    prompts: Prompts,
    first: tuple[int, Piece],
    rest: AsyncGenerator[tuple[int, Piece], None],
) -> AsyncGenerator[bytes, None]:
    tokens, begun = [0] * len(prompts), -1
    try:
        found: tuple[int, Piece] | None = first
        while found is not None:
            place, piece = found
            if place != begun:
                begun = place
                if reply.form.first is not None:
                    yield reply.begin(place)
            tokens[place] = piece.tokens
            if piece.text:
                yield reply.go_on(place, piece.text)
            if piece.ending is not None:
                yield reply.end(place, piece.ending)
            found = await anext(rest, None)
        if asked.has_usage:
            yield reply.count(Usage(sum(len(prompt) for prompt, _ in prompts), sum(tokens)))
        yield DONE
    except Refusal as refusal:
        # The status is sent already.
        yield write_event(describe_refusal(refusal))
    finally:
        await rest.aclose()
