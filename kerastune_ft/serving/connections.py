"""Connections that stay within their limits: how many, how long a head may take, how long an answer may be taken."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from kerastune_ft.serving.guard import write_error
from kerastune_ft.serving.limits import Limits

# Beyond the limit that many more get an answer that says so; even more are closed without one.
_MORE = 64


class LimitedConnection(H11Protocol):
    """A connection of uvicorn, which has no limit itself for the time in which the head of a request comes."""

    limits: ClassVar[Limits] = Limits()
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Take the connection, or answer whatever it asks that there are too many."""
        super().connection_made(transport)
        count = len(self.connections)
        if count > self.limits.max_connections + _MORE:
            transport.abort()
            return
        if count > self.limits.max_connections:
            self.app = _answer_busy
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Read what came, and wait for the end of the head of a request in the time that is left for it."""
        super().data_received(data)
        self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_timer()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Go on with the next request; a client that takes no answers loses the connection."""
        super().on_response_complete()
        if self.transport.get_write_buffer_size():
            self.loop.call_later(self.limits.body_timeout, self._abort_unsent)
        self._watch_head()

    def send_400_response(self, msg: str) -> None:
        """Answer a request that is not HTTP, or whose head is too large."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self._respond(400, "Bad Request", "the request is no HTTP, or its head is too large")
        self.transport.close()

    def _watch_head(self) -> None:
        if self.transport.is_closing() or self.conn.their_state is not h11.IDLE:
            self._stop_timer()
        elif self._timer is None and self.conn.trailing_data[0]:
            self._await_head()

    def _await_head(self) -> None:
        self._timer = self.loop.call_later(self.limits.body_timeout, self._close_late)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _close_late(self) -> None:
        self._timer = None
        if self.conn.our_state is h11.IDLE and self.conn.trailing_data[0]:
            self._respond(408, "Request Timeout", f"no request came within {self.limits.body_timeout:g} s")
        self.transport.close()
        self.loop.call_later(1.0, self._abort_unsent)

    def _respond(self, status: int, reason: str, text: str) -> None:
        body = write_error(text)
        head = f"HTTP/1.1 {status} {reason}\r\nconnection: close\r\ncontent-type: application/json\r\n"
        self.transport.write(f"{head}content-length: {len(body)}\r\n\r\n".encode("ascii") + body)

    def _abort_unsent(self) -> None:
        if self.transport.get_write_buffer_size():
            self.transport.abort()


async def _answer_busy(scope: Any, receive: Any, send: Any) -> None:
    body = write_error("too many connections; come again")
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"retry-after", b"1"),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": body})
