"""Workers wait for each other here, before TensorFlow does: its waiting cannot be stopped, and says nothing."""

from __future__ import annotations

import contextlib
import select
import socket
import time
from collections.abc import Sequence

from kerastune_ft.errors import ConfigError
from kerastune_ft.streams import say

_GREETING, _GO = b"kerastune_ft worker ", b"go"
_POLL_SECONDS = 0.3
_SECONDS_UNTIL_TOLD = 10.0


def meet(addresses: Sequence[str], worker: int) -> None:
    """Return on all workers once all are there; `addresses` are `host:port`, that of the chief first.

    Raises ConfigError when the chief's port is taken.
    """
    host, _, port = addresses[0].rpartition(":")
    if worker:
        _report(host, int(port), worker, _Patience(addresses[0]))
    else:
        _gather(int(port), addresses, _Patience(", ".join(addresses[1:])))


class _Patience:
    """Tells once, after a while, whom a worker waits for."""

    def __init__(self, awaited: str) -> None:
        self._awaited, self._limit = awaited, time.monotonic() + _SECONDS_UNTIL_TOLD

    def tell(self) -> None:
        if time.monotonic() > self._limit:
            say(f"waiting for {self._awaited}")
            self._limit = float("inf")


def _gather(port: int, addresses: Sequence[str], patience: _Patience) -> None:
    with contextlib.ExitStack() as held:
        try:
            server = held.enter_context(socket.create_server(("", port), backlog=len(addresses)))
        except OSError as error:
            raise ConfigError(
                f"TF_CONFIG: port {port} of the chief cannot be listened on ({error.strerror}); name a free one"
            ) from error
        joined: dict[int, socket.socket] = {}
        while len(joined) < len(addresses) - 1:
            patience.tell()
            for ready in select.select([server, *joined.values()], [], [], _POLL_SECONDS)[0]:
                if ready is server:
                    connection = held.enter_context(server.accept()[0])
                    number = _receive_greeting(connection)
                    if number in range(1, len(addresses)):
                        joined[number] = connection
                else:
                    # A waiting worker has ended: the others send nothing before all receive the signal to go.
                    joined = {number: each for number, each in joined.items() if each is not ready}
        for connection in joined.values():
            with contextlib.suppress(OSError):
                connection.sendall(_GO)


def _receive_greeting(connection: socket.socket) -> int:
    """Return the number of the worker that called, or -1 for a stranger."""
    connection.settimeout(5)
    with contextlib.suppress(OSError, ValueError):
        said = connection.recv(64)
        if said.startswith(_GREETING):
            return int(said.removeprefix(_GREETING))
    return -1


def _report(host: str, port: int, worker: int, patience: _Patience) -> None:
    while True:
        patience.tell()
        try:
            with socket.create_connection((host, port), timeout=5) as connection:
                connection.sendall(_GREETING + str(worker).encode())
                while not select.select([connection], [], [], _POLL_SECONDS)[0]:
                    patience.tell()
                if connection.recv(len(_GO)) == _GO:
                    return
        except OSError:
            # Nobody listens yet, or the chief ended while we waited.
            pass
        time.sleep(_POLL_SECONDS)
