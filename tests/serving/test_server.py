"""The process of a server: its address, and its end."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import textwrap
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from kerastune_ft.errors import ConfigError
from kerastune_ft.serving.server import bind, describe_address, is_local
from tests.support.places import import_environment
from tests.support.processes import HANG
from tests.support.served import b64, picture

# A server of the stand-in that says its port, and begins to compute when its standard input ends.
PROGRAM = textwrap.dedent("""
    import sys, threading
    from kerastune_ft.serving import server
    from kerastune_ft.serving.app import make_app
    from kerastune_ft.serving.guard import HostRule
    from kerastune_ft.serving.limits import Limits
    from kerastune_ft.serving.service import Service
    from tests.support.served import StandIn

    model, limits = StandIn(), Limits()
    service = Service(model, limits)
    service.start()
    compute = model.answer
    def answer(examples):
        print("computing", flush=True)
        model.gate.wait()
        return compute(examples)
    service._batcher._compute = answer
    model.gate.clear()
    threading.Thread(target=lambda: (sys.stdin.read(), model.gate.set()), daemon=True).start()
    bound = server.bind("127.0.0.1", 0)
    app, port = make_app(service, HostRule((), True)), bound.getsockname()[1]
    server.run(app, bound, limits, 20.0, lambda: print(port, flush=True))
    service.stop()
""")


def test_an_address_that_cannot_be_had_is_named_with_a_remedy() -> None:
    with bind("127.0.0.1", 0) as first:
        first.listen()
        port = first.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"--port: {port} on 127\.0\.0\.1 is in use"):
            bind("127.0.0.1", port)
    with pytest.raises(ConfigError, match=r"--host: 192\.0\.2\.1 is no address of this machine"):
        bind("192.0.2.1", 0)
    with pytest.raises(ConfigError, match=r"--host: .* is no address of this machine"):
        bind("no host", 0)


@pytest.mark.parametrize(("host", "local"), [("127.0.0.1", True), ("localhost", True), ("0.0.0.0", False)])
def test_who_reaches_an_address_and_where(host: str, local: bool) -> None:
    with bind(host, 0) as bound:
        assert is_local(bound) is local
        assert describe_address(bound) == f"http://127.0.0.1:{bound.getsockname()[1]}"


@pytest.mark.skipif(not socket.has_ipv6, reason="there is no IPv6 here")
def test_an_address_of_version_6_stands_in_brackets() -> None:
    try:
        bound = bind("::1", 0)
    except ConfigError:
        pytest.skip("there is no IPv6 here")
    with bound:
        assert describe_address(bound) == f"http://[::1]:{bound.getsockname()[1]}"
        assert is_local(bound)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_with_0_after_what_is_under_way(number: signal.Signals) -> None:
    words = [sys.executable, "-c", PROGRAM]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(words, env=import_environment(), **pipes) as process:
        port = int(process.stdout.readline())
        body = json.dumps({"instances": [b64(picture(255))]}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/models/cells:predict", body)
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(_ask, lambda: urllib.request.urlopen(request, timeout=HANG))
            assert process.stdout.readline() == "computing\n"
            process.send_signal(number)
            process.stdin.close()
            assert json.loads(asked.result())["predictions"][0]["label"] == "bright"
        assert process.wait(HANG) == 0


def _ask(open_url: Callable[[], object]) -> bytes:
    with open_url() as answer:  # type: ignore[attr-defined]
        found: bytes = answer.read()
        return found
