from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Iterator

import pytest

from kerastune_ft.doctor.finding import WARNING
from kerastune_ft.doctor.network import ask, examine_network


class Handler(http.server.BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.send_response(int(self.path.strip("/")))
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_host_that_says_anything_answers(address: str) -> None:
    assert [ask(f"{address}/{code}", 5) for code in (200, 404, 500)] == ["", "", ""]
    assert ask(f"{address}/407", 5) == "the proxy asks for a login"


def test_a_host_that_is_not_there_is_a_warning_and_names_fetch(address: str) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        gone = f"http://127.0.0.1:{closed.getsockname()[1]}/"
        section = examine_network({"presets": gone, "weights": f"{address}/200"}, seconds=5)
    assert section.findings[0].level == WARNING and "refused" in section.findings[0].text
    assert (
        section.findings[1].text == f"weights: {address}/200 answers" and "fetch CONFIG" in section.findings[2].remedy
    )
