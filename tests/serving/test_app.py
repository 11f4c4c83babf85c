"""The whole application: many requests at once, and none of their paths opened."""

from __future__ import annotations

import builtins
import os
from typing import Any

import pytest

from kerastune_ft.serving.limits import Limits
from tests.support.served import Client, StandIn, b64, picture, start


def test_two_hundred_requests_at_once_are_answered_in_batches() -> None:
    model = StandIn()
    with start(model, Limits(batch_size=8)) as service:
        model.batches.clear()
        asked = {"instances": [b64(picture(255))]}
        request = ("POST", "/v1/models/cells:predict", {"json": asked})
        found = Client(service).ask_all([request] * 200)
    assert {each.status_code for each in found} == {200}
    assert {each.json()["predictions"][0]["label"] for each in found} == {"bright"}
    assert sum(model.batches) == 200
    assert max(model.batches) <= 8


@pytest.mark.parametrize(
    "path",
    ["/../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/page.js/../server.py", "//etc/passwd",
     "/v1/models/..%2f..%2fetc:predict",
     "/v2/models/../../etc/passwd",
     "/page/index.html", "/.git/config", "/v1/models/cells:predict/../metadata"],
)  # fmt: skip
def test_no_path_is_opened(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with start() as service:
        client = Client(service)

        def refuse(*arguments: Any, **options: Any) -> Any:
            raise AssertionError(f"{arguments} is opened")

        monkeypatch.setattr(builtins, "open", refuse)
        monkeypatch.setattr(os, "open", refuse)
        found = client.ask("GET", path)
        monkeypatch.undo()
    assert found.status_code in (404, 405)


def test_what_is_asked_about_is_never_a_path_of_the_server() -> None:
    with start() as service:
        for instance in ("/etc/passwd", {"path": "/etc/passwd"}, {"image_bytes": "/etc/passwd"}):
            found = Client(service).predict(instance)
            assert found.status_code == 400
            assert "root" not in found.text
