"""The application of a server: all routes behind the guard."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router

from kerastune_ft.serving.guard import Guard, HostRule, write_error
from kerastune_ft.serving.page_routes import PAGE, make_page_routes
from kerastune_ft.serving.protocols import open_inference, tensorflow_serving
from kerastune_ft.serving.refusal import Refusal
from kerastune_ft.serving.service import Service

_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def make_app(
    service: Service,
    hosts: HostRule,
    token: str | None = None,
    more: Sequence[Route] = (),
    write: Callable[[Refusal, str], bytes] = lambda refusal, path: write_error(refusal.text),
) -> Guard:
    """Return the ASGI application that serves a model to those who know one of the names and the token.

    `more` are routes before the others; `write` returns the body of the refusal of a path.
    """

    async def metrics(request: Request) -> Response:
        return Response(service.meters.write(), headers={"content-type": _METRICS_TYPE})

    routes = [
        *more,
        *tensorflow_serving.make_routes(service),
        *open_inference.make_routes(service),
        *make_page_routes(service),
        Route("/metrics", metrics, methods=["GET"], name="metrics"),
    ]
    router = Router(routes, redirect_slashes=False)
    health = (open_inference.LIVE, open_inference.READY)
    return Guard(router, service.limits, service.meters, hosts, token, health, PAGE, write)
