"""The form of errors, by the path that they are of."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from kerastune_ft.serving.guard import HostRule
from kerastune_ft.serving.limits import Limits
from kerastune_ft.serving.service import Service
from tests.support.browser import Browser, find_browser
from tests.support.served import Client, start
from tests.support.served_transcriber import StandInTranscriber, listen_transcriber, make_app
from tests.support.sound_files import tone, wav


class TranscriberClient(Client):
    """Asks an application of a model that writes down speech without a network."""

    def __init__(self, service: Service, token: str | None = None) -> None:
        self.app = make_app(service, HostRule((), True), token)


@pytest.mark.parametrize(
    ("path", "is_openai"),
    [("/v1/audio/transcriptions", True), ("/v1/models", True), ("/v1/models/ears", False), ("/v2", False)],
)
def test_errors_have_the_form_of_their_interface(path: str, is_openai: bool) -> None:
    with start(StandInTranscriber()) as service:
        answer = TranscriberClient(service, "secret-token").ask("GET", path)
    assert answer.status_code == 401
    assert isinstance(answer.json()["error"], dict) is is_openai


@pytest.mark.slow
@pytest.mark.skipif(find_browser() is None, reason="there is no Chromium here")
def test_the_page_writes_down_what_is_chosen_or_recorded(tmp_path: Path) -> None:
    sound, other = tmp_path / "tone.wav", tmp_path / "none.wav"
    sound.write_bytes(wav(tone(440, 0.5)))
    other.write_bytes(b"no sound")
    limits = Limits()
    with contextlib.ExitStack() as stack:
        service = stack.enter_context(start(StandInTranscriber()))
        port = stack.enter_context(listen_transcriber(service, limits))
        browser = stack.enter_context(Browser(f"http://127.0.0.1:{port}/"))
        browser.wait_for("document.title == 'ears' && !document.getElementById('record').hidden")
        assert "what is said in it" in browser.get("document.getElementById('about').textContent")
        browser.choose_files("#picker", [sound, other])
        browser.wait_for("document.querySelector('.label') && document.querySelector('.said .problem')")
        assert browser.get("document.querySelector('.label').textContent") == "4000 frames"
        browser.click("#record")
        browser.wait_for("document.getElementById('record').textContent == 'Stop'")
        browser.wait_for("await new Promise((done) => setTimeout(() => done(true), 700))")
        browser.click("#record")
        browser.wait_for("document.querySelectorAll('.label').length == 2")
        assert browser.complaints == []
