"""OpenAI's interface over HTTP: whole answers, streams, errors in its form, and clients that go away."""

from __future__ import annotations

import json
import socket
import threading
from typing import Any

import pytest

from kerastune_ft.serving.limits import Limits
from tests.support.processes import wait_until
from tests.support.served import http_response
from tests.support.served_writer import StandInWriter, WriterClient, listen_writer, start_writer

CHAT, TEXT = "/v1/chat/completions", "/v1/completions"


def chat(content: str, **more: Any) -> dict[str, Any]:
    return {"json": {"messages": [{"role": "user", "content": content}], **more}}


def read_events(text: str) -> list[Any]:
    parts = text.split("\n\n")
    assert parts[-1] == "" and parts[-2] == "data: [DONE]"
    return [json.loads(part.removeprefix("data: ")) for part in parts[:-2]]


def test_a_question_is_answered() -> None:
    with start_writer() as service:
        found = WriterClient(service).ask("POST", CHAT, **chat("good day to you", model="parrot")).json()
        (choice,) = found["choices"]
        assert choice["message"] == {"role": "assistant", "content": "good day to you ", "refusal": None}
        assert choice["finish_reason"] == "stop"
        assert found["usage"] == {"prompt_tokens": 4, "completion_tokens": 4, "total_tokens": 8}
        found = WriterClient(service).ask("POST", CHAT, **chat("a b c", max_tokens=2, temperature=1, seed=5)).json()
        assert found["choices"][0]["finish_reason"] == "length"
        assert service.model.asked[-1][2] == 5  # type: ignore[attr-defined]


def test_streams_are_the_same_text_in_events() -> None:
    with start_writer() as service:
        asked = chat("a b STOP c", stream=True, stop=["STOP"], stream_options={"include_usage": True})
        found = WriterClient(service).ask("POST", CHAT, **asked)
        assert found.headers["content-type"].startswith("text/event-stream")
        first, *middle, counted = read_events(found.text)
        assert first["choices"][0]["delta"] == {"role": "assistant", "content": ""}
        assert [each["choices"][0]["delta"].get("content") for each in middle] == ["a ", "b ", None]
        assert [each["choices"][0]["finish_reason"] for each in middle] == [None, None, "stop"]
        assert counted["usage"] == {"prompt_tokens": 4, "completion_tokens": 3, "total_tokens": 7}
        assert len({each["id"] for each in (first, *middle, counted)}) == 1
        texts = read_events(WriterClient(service).ask("POST", TEXT, json={"prompt": ["a b", "c"], "stream": True}).text)
        pieces = [(each["choices"][0]["index"], each["choices"][0]["text"]) for each in texts]
        assert pieces == [(0, " a "), (0, "b "), (0, ""), (1, " c "), (1, "")]


def test_several_prompts_have_an_answer_each() -> None:
    with start_writer() as service:
        found = (
            WriterClient(service).ask("POST", TEXT, json={"prompt": ["a b", "c"], "temperature": 1, "seed": 3}).json()
        )
    assert [each["text"] for each in found["choices"]] == [" a b 3 ", " c 4 "]
    assert found["usage"] == {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8}


def test_models_and_errors_in_the_interfaces_form() -> None:
    with start_writer() as service:
        client = WriterClient(service, "the-token-of-it")
        token = {"headers": {"authorization": "Bearer the-token-of-it"}}
        found = client.ask("GET", "/v1/models", **token).json()
        assert [each["id"] for each in found["data"]] == ["parrot"]
        assert client.ask("GET", "/v1/models/parrot", **token).json() == found["data"][0]
        refused = client.ask("GET", "/v1/models")
        assert (refused.status_code, refused.json()["error"]["code"]) == (401, "invalid_api_key")
        for path, asked, status in (
            ("/v1/models/other", None, 404),
            (CHAT, {"content": b"{"}, 400),
            (CHAT, {"json": {"messages": []}}, 400),
            (CHAT, chat("a " * 50), 400),
            ("/v1/nothing", None, 404),
        ):
            answer = client.ask("GET" if asked is None else "POST", path, **token, **(asked or {}))
            assert answer.status_code == status
            assert set(answer.json()["error"]) == {"message", "type", "param", "code"}
        assert answer.json()["error"]["type"] == "invalid_request_error"


def test_a_fault_in_the_middle_of_a_stream_is_an_event_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    with start_writer() as service:
        found = WriterClient(service).ask("POST", CHAT, **chat("a fail", stream=True))
        assert found.status_code == 200
        last = json.loads(found.text.strip().split("\n\n")[-1].removeprefix("data: "))
        assert last["error"]["type"] == "server_error"
        assert WriterClient(service).ask("POST", CHAT, **chat("fail", stream=True)).status_code == 500
    assert "no weights" in capsys.readouterr().err


@pytest.mark.parametrize("is_streamed", [False, True])
def test_a_client_that_goes_away_ends_its_answer(is_streamed: bool) -> None:
    writer, limits = StandInWriter(), Limits()
    writer.limit = 1_000_000
    with start_writer(writer, limits) as service, listen_writer(service, limits) as port:
        words = " ".join(["a"] * 50_000)
        body = json.dumps(chat(words, max_tokens=1000, stream=is_streamed)["json"]).encode()
        writer.gate.clear()
        head = (
            f"POST {CHAT} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
        )
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(head.encode() + b"\r\n\r\n" + body)
            wait_until(lambda: writer.open == 1)
        wait_until(lambda: service._generations.expected == 0)
        writer.gate.set()
        wait_until(lambda: writer.open == 0)
        assert writer.written < 50


class OnceOpen(threading.Event):
    """A gate that one piece goes through, and that is closed then."""

    def wait(self, timeout: float | None = None) -> bool:
        found = super().wait(timeout)
        self.clear()
        return found


@pytest.mark.parametrize("is_begun", [False, True])
def test_what_the_server_does_not_wait_for_has_an_end(is_begun: bool) -> None:
    writer, limits = StandInWriter(), Limits()
    writer.gate = OnceOpen()
    with start_writer(writer, limits) as service, socket.socket() as client:
        body = json.dumps(chat("a b c", stream=True)["json"]).encode()
        head = f"POST {CHAT} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(body)}\r\n\r\n"
        with listen_writer(service, limits, grace=1.0) as port:
            if is_begun:
                writer.gate.set()
            client.connect(("127.0.0.1", port))
            client.sendall(head.encode() + body)
            wait_until(lambda: writer.open == 1)
            if is_begun:
                assert client.recv(1000).startswith(b"HTTP/1.1 200")
        found = b"".join(iter(lambda: client.recv(1 << 16), b""))
        writer.gate.set()
    said, answer = b'"message": "the server ends; ask again"', found.rstrip()
    assert said in (answer.removesuffix(b"0").rstrip().splitlines()[-1] if is_begun else answer)
    assert answer.endswith(b"0") if is_begun else answer.startswith(b"HTTP/1.1 503")


def test_answers_of_many_clients_are_written_in_turns() -> None:
    writer = StandInWriter()
    with start_writer(writer, Limits(max_generations=3)) as service:
        found = WriterClient(service).ask_all([("POST", CHAT, chat(f"a b {place}")) for place in range(20)])
    texts = [each.json()["choices"][0]["message"]["content"] for each in found]
    assert texts == [f"a b {place} " for place in range(20)]
    assert 1 < writer.most_open <= 3


def test_it_is_served_over_a_network() -> None:
    with start_writer() as service, listen_writer(service, Limits()) as port:
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"GET /v1/models HTTP/1.1\r\nhost: localhost\r\n\r\n")
            answer = http_response(client)
        assert answer is not None and answer[0] == 200
