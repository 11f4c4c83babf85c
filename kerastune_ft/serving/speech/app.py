"""The application of a server of a model that writes down speech."""

from __future__ import annotations

import time
from typing import Any

from kerastune_ft.serving import app
from kerastune_ft.serving.guard import Guard, HostRule, write_error
from kerastune_ft.serving.refusal import Refusal
from kerastune_ft.serving.service import Service
from kerastune_ft.serving.speech.routes import PATHS, make_routes
from kerastune_ft.serving.writing.faults import write_refusal


def make_app(service: Service, hosts: HostRule, token: str | None = None) -> Guard:
    """Return the ASGI application: that of any model, and OpenAI's interface, whose errors have its form."""
    model: Any = service.model
    return app.make_app(service, hosts, token, make_routes(service, model, int(time.time())), _write)


def _write(refusal: Refusal, path: str) -> bytes:
    return write_refusal(refusal) if path in PATHS else write_error(refusal.text)
