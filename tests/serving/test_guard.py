"""What stands before every request: host, token, and headers of answers."""

from __future__ import annotations

from typing import Any

import pytest

from kerastune_ft.serving.guard import HostRule, read_token
from kerastune_ft.serving.limits import Limits
from kerastune_ft.serving.refusal import Refusal
from tests.support.served import Client, b64, picture, start

TOKEN = "correct horse".replace(" ", "-")


@pytest.mark.parametrize(
    ("host", "names", "is_local", "status"),
    [
        ("localhost", (), True, 0), ("LOCALHOST:8501", (), True, 0),
        ("127.0.0.1:8501", (), True, 0), ("[::1]:1", (), True, 0), ("127.0.0.2:8501", (), True, 0),
        ("evil.example", (), True, 421), ("localhost.evil.example", (), True, 421), ("10.0.0.3", (), True, 421),
        ("10.0.0.3:80", (), False, 0), ("[fe80::1]", (), False, 0), ("evil.example", (), False, 421),
        ("Model.example.org.", ("model.example.org",), False, 0), ("anything", ("*",), True, 0),
        ("", (), True, 400), ("a b", (), True, 400), ("localhost:x", (), True, 400), ("[::1", (), True, 400),
        ("[::1]x", (), True, 400), ("localhost/", (), True, 400), ("local\u00e9", ("*",), True, 400),
        ("::1", (), True, 400),
    ],
)  # fmt: skip
def test_names_by_which_a_server_may_be_asked(host: str, names: tuple[str, ...], is_local: bool, status: int) -> None:
    rule = HostRule(names, is_local)
    if not status:
        rule.check([host.encode("latin-1")])
        return
    with pytest.raises(Refusal) as refused:
        rule.check([host.encode("latin-1")])
    assert refused.value.status == status


@pytest.mark.parametrize(
    ("origin", "names", "status"),
    [
        ("http://127.0.0.1:8501", (), 0), ("https://127.0.0.1", (), 0), ("http://localhost:3000", (), 0),
        ("https://evil.example", (), 403), ("null", (), 403), ("", (), 403), ("http://6.6.6.6", (), 403),
        ("https://app.example.org", ("app.example.org",), 0), ("https://evil.example", ("*",), 0),
    ],
)  # fmt: skip
def test_pages_that_may_have_this_server_compute(origin: str, names: tuple[str, ...], status: int) -> None:
    with start() as service:
        client, headers = Client(service, names=names), {"host": "127.0.0.1:8501", "origin": origin}
        asked = {"content": b"{}", "headers": {**headers, "content-type": "text/plain"}}
        assert client.ask("POST", "/v1/models/cells:predict", **asked).status_code == (status or 400)
        assert client.ask("GET", "/about", headers=headers).status_code == (status or 200)


@pytest.mark.parametrize("given", [[], [b"localhost", b"localhost"]])
def test_a_request_has_one_host(given: list[bytes]) -> None:
    with pytest.raises(Refusal):
        HostRule((), True).check(given)


@pytest.mark.parametrize(
    "headers",
    [
        {}, {"authorization": TOKEN}, {"authorization": f"Basic {TOKEN}"}, {"authorization": "Bearer"},
        {"authorization": f"Bearer {TOKEN}x"}, {"authorization": f"Bearer {TOKEN[:-1]}"},
    ],
)  # fmt: skip
def test_without_the_token_only_health_and_the_page_are_had(headers: dict[str, str]) -> None:
    with start() as service:
        client = Client(service, TOKEN)
        for method, path in (
            ("GET", "/about"),
            ("GET", "/metrics"),
            ("POST", "/v1/models/cells:predict"),
            ("GET", "/x"),
        ):
            found = client.ask(method, path, headers=headers)
            assert (found.status_code, found.headers["www-authenticate"]) == (401, "Bearer")
            assert TOKEN not in found.text
        for path in ("/", "/page.js", "/page.css", "/v2/health/ready", "/v2/health/live"):
            assert client.ask("GET", path, headers=headers).status_code == 200


def test_with_the_token_all_is_had() -> None:
    with start() as service:
        client = Client(service, TOKEN)
        headers = {"authorization": f"bearer {TOKEN}"}
        asked: dict[str, Any] = {"instances": [b64(picture(0))]}
        assert client.ask("POST", "/v1/models/cells:predict", headers=headers, json=asked).status_code == 200


def test_other_hosts_have_health_alone() -> None:
    with start() as service:
        client, headers = Client(service), {"host": "evil.example"}
        paths = ("/", "/about", "/v2/health/ready")
        assert [client.ask("GET", path, headers=headers).status_code for path in paths] == [421, 421, 200]


def test_a_head_that_is_too_large_is_refused_though_it_came_at_once() -> None:
    with start() as service:
        client = Client(service)
        many = {f"{number:06}": "b" for number in range(9000)}
        for headers in ({"x-a": "a" * 70_000}, many):
            found = client.ask("GET", "/v2/health/live", headers=headers)
            assert (found.status_code, found.json()) == (400, {"error": "the head has more than 65,536 bytes"})


def test_every_answer_has_its_headers_and_every_error_its_words() -> None:
    with start(limits=Limits(max_bytes=50)) as service:
        client = Client(service)
        found = client.ask("GET", "/nowhere")
        assert (found.status_code, found.json()) == (404, {"error": "Not Found"})
        assert (found.headers["x-content-type-options"], found.headers["cache-control"]) == ("nosniff", "no-store")
        large = client.ask("POST", "/v1/models/cells:predict", content=b"x" * 100)
        assert large.status_code == 413
        assert "connection" not in large.headers, "what was sent was taken, so the connection can go on"


def test_an_error_nobody_foresaw_is_logged_and_not_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with start() as service:
        monkeypatch.setattr(service.meters, "write", lambda: 1 / 0)
        found = Client(service).ask("GET", "/metrics")
    assert (found.status_code, found.json()) == (500, {"error": "an unexpected error; see the server's log"})
    assert "ZeroDivisionError" in capsys.readouterr().err


@pytest.mark.parametrize("given", ["", "short", "with a blank", "\u00e4" * 9, "a\x00bcdefgh"])
def test_tokens_that_are_none(given: str) -> None:
    with pytest.raises(ValueError, match="8 characters"):
        read_token({"KERASTUNE_TOKEN": given})


def test_the_token_of_the_environment() -> None:
    assert read_token({}) is None
    assert read_token({"KERASTUNE_TOKEN": f"{TOKEN}\n"}) == TOKEN
