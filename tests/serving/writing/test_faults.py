"""Errors as clients of OpenAI's interface read them."""

from __future__ import annotations

import json

from kerastune_ft.serving.refusal import Refusal
from kerastune_ft.serving.writing.faults import BadParameter, describe_refusal, write_refusal


def test_errors_have_a_type_and_name_what_is_at_fault() -> None:
    fault = BadParameter("n", "cannot be had", "unsupported_parameter")
    assert json.loads(write_refusal(fault)) == {
        "error": {
            "message": "n: cannot be had",
            "type": "invalid_request_error",
            "param": "n",
            "code": "unsupported_parameter",
        }
    }
    kinds = {status: describe_refusal(Refusal(status, "a"))["error"]["type"] for status in (400, 401, 413, 500, 503)}
    assert list(kinds.values()) == [
        "invalid_request_error", "authentication_error", "invalid_request_error", "server_error", "server_error",
    ]  # fmt: skip
