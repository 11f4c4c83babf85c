"""Errors as OpenAI's interface writes them: a message, a type, the parameter that is at fault, and a code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from kerastune_ft.serving.refusal import BAD_REQUEST, Refusal

_TYPES: Mapping[int, str] = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_CODES: Mapping[int, str] = {401: "invalid_api_key", 503: "overloaded"}


class BadParameter(Refusal):
    """A request whose parameter cannot be taken."""

    def __init__(self, parameter: str, text: str, code: str | None = None, status: int = BAD_REQUEST) -> None:
        super().__init__(status, f"{parameter}: {text}")
        self.parameter, self.code = parameter, code


def describe_refusal(refusal: Refusal) -> dict[str, Any]:
    """Return a refusal as the JSON values of an error."""
    kind = _TYPES.get(refusal.status, "server_error" if refusal.status >= 500 else "invalid_request_error")
    found: dict[str, Any] = {"message": refusal.text, "type": kind, "param": None, "code": _CODES.get(refusal.status)}
    if isinstance(refusal, BadParameter):
        found |= {"param": refusal.parameter, "code": refusal.code}
    return {"error": found}


def write_refusal(refusal: Refusal) -> bytes:
    """Return a refusal as the body of an answer."""
    return json.dumps(describe_refusal(refusal)).encode("utf-8")
