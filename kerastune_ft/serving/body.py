"""Reads the bodies of requests: their bytes are counted as they come, whatever their headers say, and within a time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Sequence

from starlette.requests import ClientDisconnect, Request

from kerastune_ft.serving.limits import Limits
from kerastune_ft.serving.refusal import BAD_REQUEST, BUSY, TOO_LARGE, WAIT, Refusal

# curl sends forms unless told otherwise, and Triton's clients send tensors as plain bytes.
_TYPES = ("application/json", "application/x-www-form-urlencoded", "application/octet-stream", "text/plain")


class HeldBytes:
    """The bytes of the bodies of all requests under way."""

    def __init__(self, most: int) -> None:
        self._most, self.total = most, 0

    @contextlib.contextmanager
    def hold(self) -> Iterator[Holding]:
        """Give what counts the bytes of one request, which are let go at the end."""
        mine = Holding(self)
        try:
            yield mine
        finally:
            self.total -= mine.count

    def has_room(self, count: int) -> bool:
        """Return whether so many more bytes may be held; one request alone always may."""
        return self.total + count <= self._most


class Holding:
    """The bytes that one request holds."""

    def __init__(self, all_of_them: HeldBytes) -> None:
        self._all, self.count = all_of_them, 0

    def add(self, count: int) -> None:
        """Count bytes; raise Refusal where those of all requests are too many."""
        if not self._all.has_room(count):
            raise Refusal(BUSY, "busy with large requests; come again", WAIT)
        self.count += count
        self._all.total += count


def check_headers(request: Request, limits: Limits, types: Sequence[str] = _TYPES) -> None:
    """Raise Refusal for a body that its headers say is too large, or of none of these types; the first is usual."""
    kind = request.headers.get("content-type", _TYPES[0]).partition(";")[0].strip().lower()
    if kind not in types:
        raise Refusal(415, f"a body of {kind[:100]} is not read; send {types[0]}")
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding != "identity":
        raise Refusal(415, f"a body in {encoding[:100]} is not read; send it as it is")
    length = request.headers.get("content-length")
    if length is None and "transfer-encoding" not in request.headers:
        raise Refusal(411, "Content-Length is missing")
    if length is not None and not (length.isascii() and length.isdigit()):
        raise Refusal(BAD_REQUEST, "Content-Length is no number")
    # Longer numbers take Python quadratic time.
    if length is not None and (len(length) > 18 or int(length) > limits.max_bytes):
        raise _refuse_size(limits)


async def read_body(request: Request, limits: Limits, holding: Holding, types: Sequence[str] = _TYPES) -> bytes:
    """Return the body of a request, of one of these types.

    Raises Refusal for one that is of another, too large, too slow or cut short.
    """
    check_headers(request, limits, types)
    data = bytearray()
    try:
        async with asyncio.timeout(limits.body_timeout):
            async for chunk in request.stream():
                if len(data) + len(chunk) > limits.max_bytes:
                    raise _refuse_size(limits)
                holding.add(len(chunk))
                data += chunk
    except TimeoutError:
        raise Refusal(408, f"the body did not arrive within {limits.body_timeout:g} s") from None
    except ClientDisconnect:
        raise Refusal(BAD_REQUEST, "the body was cut short") from None
    return bytes(data)


def _refuse_size(limits: Limits) -> Refusal:
    return Refusal(TOO_LARGE, f"the body has more than {limits.max_bytes:,} bytes (--max-bytes)")
