"""Runs the application in this process until a signal ends it, and then answers what is under way."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import ipaddress
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from types import FrameType

import uvicorn

from kerastune_ft.errors import ConfigError
from kerastune_ft.serving.connections import LimitedConnection
from kerastune_ft.serving.guard import LARGEST_HEAD, Guard
from kerastune_ft.serving.limits import Limits
from kerastune_ft.training.interrupts import stop_signals

# Of mallopt, in malloc.h of glibc.
_MMAP_THRESHOLD, _ARENAS = -3, -8
_LARGE_BLOCK, _MOST_ARENAS = 1 << 20, 2


class _Server(uvicorn.Server):
    """A server that tells when it takes requests, and whose process ends with 0 after a signal."""

    def __init__(self, config: uvicorn.Config, begin: Callable[[], None], end: threading.Event) -> None:
        super().__init__(config)
        self._begin, self._end = begin, end

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, and say so."""
        await super().startup(sockets)
        self._begin()

    async def on_tick(self, counter: int) -> bool:
        """Return whether the server is to end."""
        return await super().on_tick(counter) or self._end.is_set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End in good order after a signal, which is not raised again afterwards."""
        # Only the main thread of a process gets signals.
        numbers = stop_signals() if threading.current_thread() is threading.main_thread() else ()
        before = {number: signal.signal(number, self.handle_exit) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Note a signal; somebody who sends a second one insists."""
        self.force_exit = self.should_exit
        self.should_exit = True


def give_memory_back() -> None:
    """Let the C library return the memory of large blocks to the system as soon as they are free, where it can.

    By itself glibc comes to keep blocks of up to 32 MB after the first of them, in a heap for each thread.
    """
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(_MMAP_THRESHOLD, _LARGE_BLOCK)
        library.mallopt(_ARENAS, _MOST_ARENAS)


def bind(host: str, port: int) -> socket.socket:
    """Return a socket at an address, which does not listen yet; raise ConfigError where it cannot be had."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"--host: {host} is no address of this machine: {error}") from error
    made = socket.socket(family, kind, protocol)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
    except OSError as error:
        made.close()
        raise _explain_bind(host, port, error) from error
    return made


def _explain_bind(host: str, port: int, error: OSError) -> ConfigError:
    if error.errno == errno.EADDRINUSE:
        return ConfigError(
            f"--port: {port} on {host} is in use by another process; end that, or give another (0: any free one)"
        )
    if error.errno == errno.EACCES:
        return ConfigError(f"--port: {port} needs the rights of an administrator; give one from 1024 on")
    if error.errno == errno.EADDRNOTAVAIL:
        return ConfigError(f"--host: {host} is no address of this machine; give 127.0.0.1, or 0.0.0.0 for all of them")
    return ConfigError(f"--host, --port: {host}:{port} cannot be had: {os.strerror(error.errno or 0).lower()}")


def is_local(bound: socket.socket) -> bool:
    """Return whether only this machine reaches a socket."""
    return ipaddress.ip_address(bound.getsockname()[0].partition("%")[0]).is_loopback


def describe_address(bound: socket.socket) -> str:
    """Return the URL of a server at a socket, as this machine reaches it."""
    host, port = bound.getsockname()[:2]
    address = ipaddress.ip_address(host.partition("%")[0])
    if address.is_unspecified:
        host = "127.0.0.1" if address.version == 4 else "::1"
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def run(
    app: Guard,
    bound: socket.socket,
    limits: Limits,
    grace: float,
    begin: Callable[[], None],
    end: threading.Event | None = None,
) -> None:
    """Serve until a signal comes or `end` is set, then answer what is under way within `grace` seconds.

    `begin` is called when requests are taken. Raises ConfigError where the address was taken by another process
    meanwhile.
    """
    quiet = logging.getLogger("uvicorn")
    quiet.addHandler(logging.NullHandler())
    quiet.propagate = False
    connection = type("Connection", (LimitedConnection,), {"limits": limits})
    config = uvicorn.Config(
        app,
        http=connection,
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=max(1, round(grace)),
        h11_max_incomplete_event_size=LARGEST_HEAD,
        backlog=min(2048, 2 * limits.max_connections),
    )
    server = _Server(config, begin, end or threading.Event())
    try:
        server.run(sockets=[bound])
    except OSError as error:
        host, port = bound.getsockname()[:2] if bound.fileno() >= 0 else ("", 0)
        raise _explain_bind(host, port, error) from error
