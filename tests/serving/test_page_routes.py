"""The page: served from the package, with no reference outside, and used in a real browser where there is one."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any

import pytest

from kerastune_ft.serving.limits import Limits
from tests.support.browser import Browser, find_browser
from tests.support.served import SEVERAL, Client, StandIn, listen, name_boxes, name_mask, picture, start
from tests.support.sound_files import tone, wav

TOKEN = "a-token-for-the-page"


def test_the_page_refers_to_nothing_outside_and_runs_nothing_inline() -> None:
    with start() as service:
        found = {path: Client(service).ask("GET", path) for path in ("/", "/page.css", "/page.js")}
    assert {each.status_code for each in found.values()} == {200}
    policy = found["/"].headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
    # The name of the language of drawings, which nothing is fetched from.
    texts = [each.text.replace('"http://www.w3.org/2000/svg"', "") for each in found.values()]
    assert not any(re.search(r"https?:|//\w+\.\w|@import|url\(", text) for text in texts)
    page = found["/"].text
    assert re.findall(r'(?:src|href)="([^"]+)"', page) == ["data:,", "/page.css", "/page.js"]
    assert not re.search(r"<style|style=|<script>|\son\w+=", page)


def test_the_page_learns_what_the_model_takes() -> None:
    with start(StandIn("text", 2), Limits(max_instances=3)) as service:
        found = Client(service).ask("GET", "/about").json()
    assert (found["inputs"], found["is_binary"], found["classes"]) == (["text", "text_2"], False, ["dark", "bright"])
    assert (found["max_instances"], found["outputs"]) == (3, ["label", "probabilities"])


@contextlib.contextmanager
def browse(model: StandIn, token: str | None = None) -> Iterator[Browser]:
    """Give a browser on the page of a server."""
    with contextlib.ExitStack() as stack:
        service = stack.enter_context(start(model))
        port = stack.enter_context(listen(service, Limits(), token))
        yield stack.enter_context(Browser(f"http://127.0.0.1:{port}/"))


needs_browser = pytest.mark.skipif(find_browser() is None, reason="there is no Chromium here")


@pytest.mark.slow
@needs_browser
def test_pictures_are_answered_with_bars_masks_and_errors(tmp_path: Any) -> None:
    files = [tmp_path / name for name in ("bright.png", "dark.png", "none.png")]
    for file, content in zip(files, (picture(255), picture(0), b"no image"), strict=True):
        file.write_bytes(content)
    with browse(StandIn()) as browser:
        browser.wait_for("document.title == 'cells' && !document.getElementById('files').hidden")
        browser.choose_files("#picker", files)
        browser.wait_for("document.querySelectorAll('.label').length == 2 && document.querySelector('.said .problem')")
        assert browser.get("[...document.querySelectorAll('.label')].map((e) => e.textContent).sort()") == [
            "bright",
            "dark",
        ]
        assert "is no image" in browser.get("document.querySelector('.said .problem').textContent")
        assert browser.get("document.querySelector('.class.chosen .number').textContent") == "100.0 %"
        browser.resize(360, 740)
        assert browser.get("document.documentElement.scrollWidth <= innerWidth"), "it does not fit a phone"
        assert browser.complaints == []
    with browse(StandIn(say=name_mask)) as browser:
        browser.wait_for("document.title == 'cells'")
        browser.choose_files("#picker", files[:1])
        browser.wait_for("document.querySelector('.picture canvas')")
        assert browser.get("document.querySelector('.picture canvas').width") == 3
        assert browser.complaints == []


@pytest.mark.slow
@needs_browser
def test_boxes_are_drawn_over_pictures_and_hidden_again(tmp_path: Any) -> None:
    files = [tmp_path / name for name in ("bright.png", "dark.png")]
    for file, value in zip(files, (255, 0), strict=True):
        file.write_bytes(picture(value))
    with browse(StandIn(say=name_boxes)) as browser:
        browser.wait_for("document.title == 'cells'")
        assert browser.get("document.getElementById('about').textContent").startswith("An image gives boxes of dark")
        browser.choose_files("#picker", files)
        browser.wait_for("document.querySelectorAll('.label').length == 2 && document.querySelector('.picture svg')")
        said = browser.get("[...document.querySelectorAll('.label')].map((e) => e.textContent.trim()).sort()")
        assert said == ["2 bright", "nothing found"]
        assert browser.get("document.querySelectorAll('.picture rect').length") == 2
        width = browser.get("document.querySelector('.picture img').naturalWidth")
        assert browser.get("document.querySelector('.picture svg').viewBox.baseVal.width") == width
        # The best one is drawn last, above the others.
        assert browser.get("[...document.querySelectorAll('rect')].map((e) => e.width.baseVal.value)") == [2, 2.5]
        browser.click(".shown button")
        assert browser.get("getComputedStyle(document.querySelector('.picture svg')).display") == "none"
        assert browser.complaints == []


@pytest.mark.slow
@needs_browser
def test_texts_are_answered_after_the_token_was_given() -> None:
    with browse(StandIn("text", 2), TOKEN) as browser:
        browser.wait_for("document.getElementById('token-form')?.hidden === false")
        browser.fill("#token", "not this one")
        browser.click("#token-form button")
        browser.wait_for("document.getElementById('token-problem').textContent")
        browser.fill("#token", TOKEN)
        browser.click("#token-form button")
        browser.wait_for("!document.getElementById('texts').hidden")
        browser.fill("#field-text", "one text that is long")
        browser.fill("#field-text_2", "<b>another</b>")
        browser.click("#texts button")
        browser.wait_for("document.querySelector('.label')")
        assert browser.get("document.querySelector('.label').textContent") == "bright"
        assert browser.get("document.querySelectorAll('.text')[1].textContent") == "<b>another</b>"


@pytest.mark.slow
@needs_browser
def test_sounds_are_dropped_or_recorded(tmp_path: Any) -> None:
    (tmp_path / "tone.wav").write_bytes(wav(tone(440, 0.5)))
    with browse(StandIn("audio")) as browser:
        browser.wait_for("document.title == 'cells' && !document.getElementById('record').hidden")
        browser.choose_files("#picker", [tmp_path / "tone.wav"])
        browser.wait_for("document.querySelectorAll('.label').length == 1")
        browser.click("#record")
        browser.wait_for("document.getElementById('record').textContent == 'Stop'")
        browser.wait_for("await new Promise((done) => setTimeout(() => done(true), 700))")
        browser.click("#record")
        browser.wait_for("document.querySelectorAll('.label').length == 2")
        assert browser.get("document.querySelector('.file').textContent") == "recording.wav"
        assert browser.complaints == []


@pytest.mark.slow
@needs_browser
def test_several_inputs_have_a_field_each(tmp_path: Any) -> None:
    (tmp_path / "dark.png").write_bytes(picture(0))
    with browse(StandIn(form=SEVERAL)) as browser:
        browser.wait_for("document.title == 'cells' && !document.getElementById('texts').hidden")
        labels = "[...document.querySelectorAll('#fields label')].map((e) => e.textContent)"
        assert browser.get(labels) == ["image", "text", "age", "dose", "ward", "arm"]
        browser.click("#texts button")
        browser.wait_for("document.querySelector('.said .problem')")
        assert browser.get("document.querySelector('.said .problem').textContent") == "choose a file for image"
        browser.choose_files("#field-0", [tmp_path / "dark.png"])
        browser.fill("#field-1", "<b>a note</b>")
        browser.fill("#field-2", "0.75")
        browser.fill("#field-4", "O'B")
        browser.click("#texts button")
        browser.wait_for("document.querySelector('.label')")
        assert browser.get("document.querySelector('.label').textContent") == "bright"
        shown = "[...document.querySelectorAll('#answers li:first-child .text')].map((e) => e.textContent)"
        wanted = ["text: <b>a note</b>", "age: 0.75", "dose: missing", "ward: O'B", "arm: missing"]
        assert browser.get(shown) == wanted
        browser.resize(360, 740)
        assert browser.get("document.documentElement.scrollWidth <= innerWidth"), "it does not fit a phone"
        assert browser.complaints == []
