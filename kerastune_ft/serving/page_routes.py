"""The page at `/` to try a model on, and what it asks the server about the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from kerastune_ft.serving.service import Service

_FILES = {
    "/": ("index.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
}
PAGE = tuple(_FILES)
"""The paths of the page itself, which knows nothing of the model and so needs no token."""
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def make_page_routes(service: Service) -> list[Route]:
    """Return the routes of the page and of `/about`."""
    return make_file_routes(_FILES, lambda: describe(service))


def make_file_routes(paths: Mapping[str, tuple[str, str]], tell: Callable[[], Mapping[str, Any]]) -> list[Route]:
    """Return the routes of the files of a page, by path, and of `/about`, which `tell` returns.

    The files are those of the folder `page`, each with its type; they are read once.
    """

    def make(path: str, name: str, kind: str) -> Route:
        content = files("kerastune_ft.serving").joinpath("page", name).read_bytes()
        headers = {"content-security-policy": _POLICY}

        async def show(request: Request) -> Response:
            return Response(content, media_type=kind, headers=headers)

        return Route(path, show, methods=["GET"], name="page")

    async def about(request: Request) -> Response:
        return JSONResponse(dict(tell()))

    return [
        *(make(path, name, kind) for path, (name, kind) in paths.items()),
        Route("/about", about, methods=["GET"], name="about"),
    ]


def describe(service: Service) -> dict[str, object]:
    """Return what the page needs to know."""
    model, limits = service.model, service.limits
    return {
        "name": model.name,
        "noun": model.form.noun,
        "inputs": list(model.form.names),
        "is_binary": model.form.is_binary,
        "fields": model.form.fields,
        "classes": list(model.classes),
        "outputs": [output.name for output in service.outputs],
        "max_bytes": limits.max_bytes,
        "max_instances": limits.max_instances,
    }
