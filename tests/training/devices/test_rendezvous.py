from __future__ import annotations

import contextlib
import socket
import threading
import time

import pytest

from kerastune_ft.errors import ConfigError
from kerastune_ft.training.devices import rendezvous
from kerastune_ft.training.devices.launch import free_ports
from tests.support.processes import HANG, wait_until


def addresses(count: int) -> list[str]:
    return [f"127.0.0.1:{port}" for port in free_ports(count)]


def waiting(at: list[str], worker: int) -> threading.Thread:
    thread = threading.Thread(target=rendezvous.meet, args=(at, worker), daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_nobody_goes_before_all_are_there(order: tuple[int, ...]) -> None:
    at = addresses(3)
    *first, last = order
    threads = [waiting(at, worker) for worker in first]
    time.sleep(0.5)
    assert all(thread.is_alive() for thread in threads)
    threads.append(waiting(at, last))
    for thread in threads:
        thread.join(HANG)
        assert not thread.is_alive()


def connect(place: tuple[str, int]) -> socket.socket:
    """Connect as soon as somebody listens there."""
    found: list[socket.socket] = []

    def is_open() -> bool:
        with contextlib.suppress(OSError):
            found.append(socket.create_connection(place))
        return bool(found)

    wait_until(is_open)
    return found[0]


def test_strangers_and_those_who_leave_do_not_count() -> None:
    at = addresses(2)
    chief = waiting(at, 0)
    place = ("127.0.0.1", int(at[0].rpartition(":")[2]))
    for words in (b"GET / HTTP/1.1\r\n\r\n", b"kerastune_ft worker 7", b"kerastune_ft worker x"):
        stranger = connect(place)
        stranger.sendall(words)
        stranger.close()
    assert chief.is_alive()
    worker = waiting(at, 1)
    for thread in (chief, worker):
        thread.join(HANG)
        assert not thread.is_alive()


def test_a_taken_port_is_named() -> None:
    with socket.create_server(("", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"port {port} of the chief cannot be listened on"):
            rendezvous.meet([f"127.0.0.1:{port}", "127.0.0.1:1"], 0)


def test_it_says_whom_it_waits_for(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(rendezvous, "_SECONDS_UNTIL_TOLD", 0.0)
    at = addresses(2)
    chief = waiting(at, 0)
    said: list[str] = []

    def has_said() -> bool:
        said.append(capsys.readouterr().err)
        return f"waiting for {at[1]}" in "".join(said)

    wait_until(has_said)
    worker = waiting(at, 1)
    for thread in (chief, worker):
        thread.join(HANG)
