"""The application of a server of a model that writes: all routes behind the guard."""

from __future__ import annotations

import time
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router

from kerastune_ft.serving.guard import Guard, HostRule
from kerastune_ft.serving.page_routes import make_file_routes
from kerastune_ft.serving.protocols.open_inference import LIVE, READY
from kerastune_ft.serving.writing.faults import write_refusal
from kerastune_ft.serving.writing.routes import make_routes
from kerastune_ft.serving.writing.service import WritingService

_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_FILES = {
    "/": ("chat.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/chat.css": ("chat.css", "text/css"),
    "/chat.js": ("chat.js", "text/javascript"),
}
PAGE = tuple(_FILES)
"""The paths of the page itself, which need no token."""


def make_app(service: WritingService, hosts: HostRule, token: str | None = None) -> Guard:
    """Return the ASGI application that serves a model to those who know one of the names and the token."""

    async def metrics(request: Request) -> Response:
        return Response(service.meters.write(), headers={"content-type": _METRICS_TYPE})

    async def live(request: Request) -> Response:
        return JSONResponse({"live": True})

    async def ready(request: Request) -> Response:
        return JSONResponse({"ready": service.is_ready}, 200 if service.is_ready else 503)

    routes = [
        *make_routes(service, int(time.time())),
        *make_file_routes(_FILES, lambda: describe(service)),
        Route(LIVE, live, methods=["GET"], name="v2 live"),
        Route(READY, ready, methods=["GET"], name="v2 ready"),
        Route("/metrics", metrics, methods=["GET"], name="metrics"),
    ]
    router, health = Router(routes, redirect_slashes=False), (LIVE, READY)
    return Guard(
        router, service.limits, service.meters, hosts, token, health, PAGE, lambda refusal, path: write_refusal(refusal)
    )


def describe(service: WritingService) -> dict[str, Any]:
    """Return what the page needs to know."""
    model, limits = service.model, service.limits
    return {
        "name": model.name,
        "limit": model.limit,
        "max_characters": limits.max_characters,
        "max_new_tokens": min(limits.max_new_tokens, model.limit),
        "options": model.options.to_json(),
    }
