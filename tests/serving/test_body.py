"""Bodies of requests: counted while they come, whatever headers say, and given up after a time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.requests import Request

from kerastune_ft.serving.body import HeldBytes, read_body
from kerastune_ft.serving.limits import Limits
from kerastune_ft.serving.refusal import Refusal

LIMITS = Limits(max_bytes=10)


def read(chunks: list[bytes], limits: Limits = LIMITS, held: HeldBytes | None = None, **headers: str) -> bytes:
    """Read a body that comes in chunks, after the last of which nothing comes unless it is empty."""
    waiting = list(chunks)

    async def receive() -> dict[str, Any]:
        if not waiting:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": (chunk := waiting.pop(0)), "more_body": bool(chunk)}

    given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "path": "/", "headers": given, "query_string": b""}

    async def run() -> bytes:
        with (held or HeldBytes(limits.max_bytes_at_once)).hold() as holding:
            return await read_body(Request(scope, receive), limits, holding)

    return asyncio.run(run())


def test_a_body_is_read_whole() -> None:
    assert read([b"abc", b"de", b""], content_length="5") == b"abcde"
    assert read([b"abc", b""], transfer_encoding="chunked", content_type="Text/Plain; charset=utf-8") == b"abc"


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (411, {}),
        (413, {"content_length": "11"}),
        (413, {"content_length": "9" * 5000}),
        (413, {"transfer_encoding": "chunked"}),
        (413, {"content_length": "3"}),
        (400, {"content_length": "-1"}),
        (400, {"content_length": "\u0665"}),
        (415, {"content_length": "3", "content_type": "multipart/form-data; boundary=x"}),
        (415, {"content_length": "3", "content_encoding": "gzip"}),
    ],
)
def test_bodies_that_are_not_read(status: int, headers: dict[str, str]) -> None:
    with pytest.raises(Refusal) as refused:
        read([b"123456", b"789012", b""], **headers)
    assert refused.value.status == status


def test_a_body_that_does_not_come_is_given_up() -> None:
    with pytest.raises(Refusal, match=r"within 0\.01 s") as refused:
        read([b"abc"], Limits(body_timeout=0.01), content_length="9")
    assert refused.value.status == 408


def test_bodies_of_all_requests_share_the_memory_and_give_it_back() -> None:
    held = HeldBytes(8)
    with held.hold() as other:
        other.add(6)
        with pytest.raises(Refusal) as refused:
            read([b"abc", b""], held=held, content_length="3")
        assert (refused.value.status, held.total) == (503, 6)
    assert held.total == 0
    assert read([b"abc", b""], held=held, content_length="3") == b"abc"
