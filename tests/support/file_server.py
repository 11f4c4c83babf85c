"""A server of one file on this machine that can be made to fail in the ways that servers and networks fail."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest


@dataclass
class FileServer:
    """Serves `content` at any path; `plan` lists what happens to the next requests, after which all go well.

    An entry is a status such as 404, `truncated` (half of what is left is sent), `whole` (no ranges), `elsewhere`
    (another range than was asked for) or `ok`.
    """

    content: bytes
    plan: list[str | int] = field(default_factory=list)
    version: str = '"v1"'
    requests: list[dict[str, str]] = field(default_factory=list)
    address: str = ""

    def answer(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        self.requests.append({"path": handler.path, **{key.lower(): value for key, value in handler.headers.items()}})
        step = self.plan.pop(0) if self.plan else "ok"
        if isinstance(step, int):
            handler.send_response(step)
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        begun = self._find_start(handler, step)
        rest = self.content[begun:]
        handler.send_response(206 if begun else 200)
        handler.send_header("Content-Length", str(len(rest)))
        if begun and step == "elsewhere":
            handler.send_header("Content-Range", f"bytes 7-{len(rest) + 6}/{len(self.content)}")
        if self.version:
            handler.send_header("ETag", self.version)
        handler.end_headers()
        handler.wfile.write(rest[: len(rest) // 2] if step == "truncated" else rest)

    def _find_start(self, handler: http.server.BaseHTTPRequestHandler, step: str) -> int:
        asked = handler.headers.get("Range", "")
        if step == "whole" or not asked or handler.headers.get("If-Range") != self.version:
            return 0
        return int(asked.removeprefix("bytes=").rstrip("-"))


@pytest.fixture
def file_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """A running server, whose `address` ends with a slash; no proxy is asked for it."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    made = FileServer(bytes(range(256)) * 400)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.answer(self)

        def log_message(self, *arguments: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    made.address = f"http://127.0.0.1:{server.server_port}/"
    yield made
    server.shutdown()
    server.server_close()
