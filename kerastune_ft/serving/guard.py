"""What stands before every request: the name of the host, the token, the counters, and headers of answers."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import ipaddress
import json
import time
from collections.abc import Callable, Collection, Sequence
from typing import Any

from starlette.exceptions import HTTPException
from starlette.routing import Route, Router
from starlette.types import Message, Receive, Scope, Send

from kerastune_ft.serving.limits import Limits
from kerastune_ft.serving.meters import Meters
from kerastune_ft.serving.refusal import BAD_REQUEST, BUSY, WAIT, Refusal
from kerastune_ft.streams import is_verbose, say, say_error

ANY_HOST = "*"
LARGEST_HEAD = 1 << 16
"""The most bytes of a request's headers, with the four between and after names and values."""
_BESIDE_A_HEADER = 4

_LOCAL_NAME = "localhost"
_ASKED_BY = (b"host", b"origin")
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
)
# What a client still sends of a request that was refused; it reads no answer before.
_DRAIN_SECONDS, _DRAIN_BYTES = 1.0, 32 << 20
_TOO_LATE = 408
_EVENTS = b"text/event-stream"


class HostRule:
    """The names by which this server may be asked, so that no page of the web reaches it by a name of its own."""

    def __init__(self, names: Collection[str], is_local: bool) -> None:
        """`names` are further ones, or `*` for any; a server that is not local may be asked by any address."""
        self._names = {name.lower().rstrip(".") for name in (_LOCAL_NAME, *names)}
        self._is_local = is_local

    def check(self, given: list[bytes], origins: Sequence[bytes] = ()) -> None:
        """Raise Refusal for a request that is not meant for this server, by the values of its headers Host and Origin.

        Browsers send the second with what a page posts; a page of another site would not read the answer, but have it
        computed.
        """
        if len(given) != 1:
            raise Refusal(BAD_REQUEST, "a request has one header Host")
        name = _split_host(given[0].decode("latin-1"))
        if name is None:
            raise Refusal(BAD_REQUEST, "the header Host is no name of a host")
        if ANY_HOST in self._names:
            return
        if name not in self._names and not self._is_own_address(name):
            raise Refusal(421, "this server is not asked by that name; allow it by --allowed-host")
        for origin in origins:
            page = _split_host(origin.decode("latin-1").partition("://")[2])
            if page is None or page not in {name, *self._names}:
                raise Refusal(403, "this server is not asked by pages of other sites; allow theirs by --allowed-host")

    def _is_own_address(self, name: str) -> bool:
        """Return whether a name is an address, by which no page comes here that was not sent from here."""
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or not self._is_local


def _split_host(text: str) -> str | None:
    """Return the name in a header Host, in lower case and without its port; None where it is none."""
    name, port = text.strip().lower(), ""
    if name.startswith("["):
        name, bracket, port = name[1:].partition("]")
        if not bracket or (port and not port.startswith(":")):
            return None
        port = port[1:]
    elif ":" in name:
        name, _, port = name.partition(":")
    is_name = bool(name) and all(mark.isalnum() or mark in "-._:" for mark in name) and name.isascii()
    return name.rstrip(".") if is_name and (not port or (port.isascii() and port.isdigit())) else None


class Guard:
    """Lets requests through to an application that are meant for it and have the token."""

    def __init__(
        self,
        router: Router,
        limits: Limits,
        meters: Meters,
        hosts: HostRule,
        token: str | None,
        health: Collection[str],
        page: Collection[str],
        write: Callable[[Refusal, str], bytes] = lambda refusal, path: write_error(refusal.text),
    ) -> None:
        """`health` are the paths that need neither host nor token, `page` those that need no token.

        `write` returns the body of an answer that is a refusal of a path, in JSON.
        """
        self._router, self._limits, self._meters, self._hosts = router, limits, meters, hosts
        self._token = None if token is None else token.encode("utf-8")
        self._health, self._page, self._write = frozenset(health), frozenset(page), write
        self._names = {route.endpoint: route.name for route in router.routes if isinstance(route, Route)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, whatever goes wrong, and count it."""
        if scope["type"] != "http":
            return
        begin = time.perf_counter()
        # With an application in it the router raises what else it would answer by itself.
        scope = {**scope, "app": self}
        reading = _Reading(scope, receive)
        sending = _Sending(
            send, reading, self._limits.body_timeout, lambda refusal: self._write(refusal, scope["path"])
        )
        try:
            self._check(scope)
            await self._router(scope, reading.receive, sending.send)
        except Refusal as refusal:
            await sending.refuse(refusal)
        except HTTPException as error:
            await sending.refuse(Refusal(error.status_code, error.detail, error.headers))
        except asyncio.CancelledError:
            # The server ends, and does not wait for this answer any longer.
            await sending.break_off(Refusal(BUSY, "the server ends; ask again", WAIT))
            raise
        except TimeoutError:
            # The client does not take its answer; the connection is closed by what raised it.
            sending.status = sending.status or _TOO_LATE
            raise
        except Exception as fault:
            say_error(f"serve: {type(fault).__name__}: {' '.join(str(fault).split())[:300]}")
            if is_verbose():
                say_error(_format_traceback(fault))
            await sending.refuse(Refusal(500, "an unexpected error; see the server's log"))
        finally:
            self._count(scope, sending.status, time.perf_counter() - begin)

    def _check(self, scope: Scope) -> None:
        # A head that comes in one piece is complete before its length is looked at.
        if sum(len(name) + len(value) + _BESIDE_A_HEADER for name, value in scope["headers"]) > LARGEST_HEAD:
            raise Refusal(BAD_REQUEST, f"the head has more than {LARGEST_HEAD:,} bytes")
        if scope["path"] in self._health:
            return
        hosts, origins = ([value for name, value in scope["headers"] if name == wanted] for wanted in _ASKED_BY)
        self._hosts.check(hosts, origins)
        if self._token is None or scope["path"] in self._page:
            return
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        scheme, _, token = given[0].partition(b" ") if len(given) == 1 else (b"", b"", b"")
        is_right = hmac.compare_digest(token.strip(), self._token)
        if not is_right or scheme.lower() != b"bearer":
            raise Refusal(401, "a token is needed: Authorization: Bearer ...", {"www-authenticate": "Bearer"})

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        endpoint: Any = scope.get("endpoint")
        route = self._names.get(endpoint, "none")
        self._meters.requests.labels(route, str(status)).inc()
        self._meters.seconds.labels(route).observe(seconds)
        if is_verbose():
            say(f"{scope['method'][:20]} {scope['path'][:200]!r} {status} {1000 * seconds:.1f} ms")


class _Reading:
    """The body of a request, and whether all of it was read."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._receive, self.is_complete, self._is_begun = receive, False, False
        self._waits = any(name == b"expect" for name, _ in scope["headers"])

    async def receive(self) -> Message:
        """Return the next message, as the application gets it."""
        self._is_begun = True
        message = await self._receive()
        self.is_complete = self.is_complete or not message.get("more_body", False)
        return message

    async def drain(self) -> None:
        """Read what is left of a body, up to a limit, so that its sender comes to read the answer."""
        if self._waits and not self._is_begun:
            # It was not asked to send any.
            return
        count = 0
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN_SECONDS):
                while not self.is_complete and count < _DRAIN_BYTES:
                    count += len((await self.receive()).get("body", b""))


class _Sending:
    """The answer of a request."""

    def __init__(self, send: Send, reading: _Reading, seconds: float, write: Callable[[Refusal], bytes]) -> None:
        self._send, self._reading, self._seconds, self._write = send, reading, seconds, write
        self.status = 0
        self._is_open_stream = False

    async def send(self, message: Message) -> None:
        """Send a part of the answer, with the headers that every answer has, to a client that takes it in time."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if not self._reading.is_complete and self.status != _TOO_LATE:
                await self._reading.drain()
            closing = [] if self._reading.is_complete else [(b"connection", b"close")]
            given = {name for name, _ in message["headers"]}
            added = [header for header in (*_HEADERS, *closing) if header[0] not in given]
            message = {**message, "headers": [*message["headers"], *added]}
            kinds = [value for name, value in message["headers"] if name == b"content-type"]
            self._is_open_stream = any(value.startswith(_EVENTS) for value in kinds)
        elif not message.get("more_body", False):
            self._is_open_stream = False
        async with asyncio.timeout(self._seconds):
            await self._send(message)

    async def refuse(self, refusal: Refusal) -> None:
        """Answer with a refusal, unless an answer has begun already."""
        if self.status:
            return
        body = self._write(refusal)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        headers += [(name.encode(), value.encode()) for name, value in refusal.headers.items()]
        await self.send({"type": "http.response.start", "status": refusal.status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})

    async def break_off(self, refusal: Refusal) -> None:
        """Answer with a refusal; where a stream of events has begun, end it with one that says why."""
        if self._is_open_stream:
            await self.send({"type": "http.response.body", "body": b"data: " + self._write(refusal) + b"\n\n"})
        await self.refuse(refusal)


def write_error(text: str) -> bytes:
    """Return an error as both protocols write it."""
    return json.dumps({"error": text}).encode("utf-8")


def _format_traceback(fault: Exception) -> str:
    import traceback

    return "".join(traceback.format_exception(fault))


def read_token(environment: Any) -> str | None:
    """Return the token that requests need, from the variable KERASTUNE_TOKEN; None where there is none.

    Raises ValueError for one that no client could send, or that can be guessed.
    """
    given = environment.get("KERASTUNE_TOKEN")
    if given is None:
        return None
    token: str = given.strip()
    if len(token) < 8 or not token.isascii() or not token.isprintable() or " " in token:
        raise ValueError("it must be at least 8 characters of ASCII without blanks")
    return token
