"""Transcriptions over a socket: what is answered, and what hostile requests get."""

from __future__ import annotations

import contextlib
import io
import struct
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest

from kerastune_ft.serving.limits import Limits
from tests.support.served import b64, send, start
from tests.support.served_transcriber import StandInTranscriber, listen_transcriber
from tests.support.sound_files import wav

PATH = "/v1/audio/transcriptions"
LIMITS = Limits(max_bytes=20_000, max_samples=5_000)
WAV = wav(np.linspace(-0.5, 0.5, 800), 8000)


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with contextlib.ExitStack() as stack:
        service = stack.enter_context(start(StandInTranscriber(), LIMITS))
        port = stack.enter_context(listen_transcriber(service, LIMITS))
        yield stack.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60))


def ask(client: httpx.Client, content: Any = WAV, name: str = "a.wav", **data: str) -> httpx.Response:
    return client.post(PATH, files={"file": (name, content)}, data=data)


def test_a_sound_is_written_down(client: httpx.Client) -> None:
    answer = ask(client, model="ears")
    assert (answer.status_code, answer.json()["text"]) == (200, "800 frames")
    assert ask(client, temperature="0.5", response_format="text").text == "800 frames at 0.5\n"
    assert ask(client, response_format="verbose_json").json()["segments"][0]["end"] == 0.1


def test_a_transcript_that_is_not_finished_says_so(client: httpx.Client) -> None:
    assert ask(client, wav(np.linspace(-0.5, 0.5, 13), 8000)).json()["finish_reason"] == "length"


def test_channels_and_rates_and_packed_files(client: httpx.Client) -> None:
    stereo = wav(np.linspace(-0.5, 0.5, 1600).reshape(-1, 2), 44_100)
    assert ask(client, stereo).json()["text"] == "800 frames"
    soundfile = pytest.importorskip("soundfile")
    file = io.BytesIO()
    soundfile.write(file, np.linspace(-0.5, 0.5, 900), 16_000, format="FLAC")
    assert ask(client, file.getvalue(), "a.flac").json()["text"] == "900 frames"


def test_the_routes_of_every_model_answer_too(client: httpx.Client) -> None:
    predicted = client.post("/v1/models/ears:predict", json={"instances": [b64(WAV), b64(b"no sound")]})
    assert predicted.json()["predictions"][0] == "800 frames"
    assert "error" in predicted.json()["predictions"][1]
    tensor = {"name": "sound_bytes", "datatype": "BYTES", "shape": [1], "data": [b64(WAV)["b64"]]}
    inferred = client.post("/v2/models/ears/infer", json={"inputs": [tensor]}).json()
    (output,) = inferred["outputs"]
    assert (output["name"], output["data"]) == ("transcript", ["800 frames"])
    assert client.get("/v1/models").json()["data"][0]["id"] == "ears"
    assert client.get("/about").json()["outputs"] == ["transcript"]
    assert client.get("/v1/models/other").json() == {"error": "Could not find any versions of model other"}


AT = WAV.index(b"data") + 4
HUGE = WAV[:AT] + struct.pack("<I", 0xFFFFFFF0) + WAV[AT + 4 :]
LONG = wav(np.zeros(6000), 8000)


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        (b"", 400, "it is empty"),
        (b"one two three\n" * 9, 400, "no sound that can be read"),
        (WAV[:60], 400, "cut short"),
        (HUGE, 400, ""),
        (LONG, 413, "more than 5,000 samples"),
        (bytes(30_000), 413, "more than 20,000 bytes"),
        (b"ID3" + bytes(500), 400, ""),
        (b"OggS" + bytes(500), 400, ""),
        (b"fLaC" + bytes(500), 400, ""),
    ],
    ids=["empty", "text", "cut", "huge", "long", "large", "mp3", "ogg", "flac"],
)
def test_sounds_that_are_none_are_refused_in_the_form_of_the_interface(
    client: httpx.Client, content: bytes, status: int, words: str
) -> None:
    answer = ask(client, content)
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert error["type"] == "invalid_request_error" and words in error["message"]
    assert set(error) == {"message", "type", "param", "code"}
    if "bytes" not in words:
        assert error["param"] == "file"


def test_forms_that_are_none(client: httpx.Client) -> None:
    found = [
        client.post(PATH, data={"model": "ears"}),
        client.post(PATH, json={"file": "a.wav"}),
        client.post(PATH, content=b"x", headers={"content-type": "multipart/form-data"}),
        client.post(PATH, content=b"x", headers={"content-type": "multipart/form-data; boundary=b"}),
        client.post(PATH, files=[("file", ("a.wav", WAV)), ("file", ("b.wav", WAV))]),
        client.post(PATH, files={"sound": ("a.wav", WAV)}),
        client.get(PATH),
        client.post("/v1/audio/translations", files={"file": ("a.wav", WAV)}),
    ]
    assert [answer.status_code for answer in found] == [415, 415, 400, 400, 400, 400, 405, 404]
    assert found[4].json()["error"]["param"] == "file"
    for answer in found:
        assert isinstance(answer.json()["error"]["message"], str), answer.text


def test_a_length_that_is_a_lie(client: httpx.Client) -> None:
    port = client.base_url.port or 0
    head = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    status, body = send(port, f"{head}Content-Length: 99999999\r\n\r\n".encode())
    assert (status, body["error"]["type"]) == (413, "invalid_request_error")


def test_a_model_that_translates_has_the_route_of_translations() -> None:
    model = StandInTranscriber("de", translates=True)
    with start(model, LIMITS) as service, listen_transcriber(service, LIMITS, "secret-token") as port:
        url, files = f"http://127.0.0.1:{port}/v1/audio/translations", {"file": ("a.wav", WAV)}
        refused = httpx.post(url, files=files)
        assert (refused.status_code, refused.json()["error"]["code"]) == (401, "invalid_api_key")
        answer = httpx.post(url, files=files, headers={"Authorization": "Bearer secret-token"})
        assert answer.json()["text"] == "800 frames"


def test_a_model_that_fails_is_a_fault_of_the_server() -> None:
    class Broken(StandInTranscriber):
        def answer(self, examples: Any) -> Any:
            if examples[0][0] == 800:
                raise RuntimeError("no weights")
            return super().answer(examples)

    with start(Broken(), LIMITS) as service, listen_transcriber(service, LIMITS) as port:
        answer = httpx.post(f"http://127.0.0.1:{port}{PATH}", files={"file": ("a.wav", WAV)})
        assert (answer.status_code, answer.json()["error"]["type"]) == (500, "server_error")
