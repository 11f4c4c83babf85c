"""The application of a model that writes: health, counters, and a page with no reference outside."""

from __future__ import annotations

import contextlib
import re

import pytest

from kerastune_ft.serving.limits import Limits
from tests.support.browser import Browser, find_browser
from tests.support.served_writer import StandInWriter, WriterClient, listen_writer, start_writer

TOKEN = "a-token-for-the-page"


def test_health_and_counters_and_what_the_page_asks() -> None:
    with start_writer(limits=Limits(max_new_tokens=9)) as service:
        client = WriterClient(service)
        assert client.ask("GET", "/v2/health/ready").json() == {"ready": True}
        assert client.ask("GET", "/v2/health/live").status_code == 200
        assert "kerastune_expected_answers 0.0" in client.ask("GET", "/metrics").text
        about = client.ask("GET", "/about").json()
    assert (about["name"], about["limit"], about["max_new_tokens"]) == ("parrot", 40, 9)
    assert about["options"]["temperature"] == 0
    assert WriterClient(service).ask("GET", "/v2/health/ready").status_code == 503


def test_the_page_refers_to_nothing_outside_and_runs_nothing_inline() -> None:
    with start_writer() as service:
        found = {path: WriterClient(service).ask("GET", path) for path in ("/", "/page.css", "/chat.css", "/chat.js")}
    assert {each.status_code for each in found.values()} == {200}
    assert not any(re.search(r"https?:|//\w+\.\w|@import|url\(", each.text) for each in found.values())
    page = found["/"].text
    assert re.findall(r'(?:src|href)="([^"]+)"', page) == ["data:,", "/page.css", "/chat.css", "/chat.js"]
    assert not re.search(r"<style|style=|<script>|\son\w+=", page)


@pytest.mark.slow
@pytest.mark.skipif(find_browser() is None, reason="there is no Chromium here")
def test_a_conversation_on_the_page() -> None:
    writer = StandInWriter()
    limits = Limits()
    with contextlib.ExitStack() as stack:
        service = stack.enter_context(start_writer(writer, limits))
        port = stack.enter_context(listen_writer(service, limits, TOKEN))
        browser = stack.enter_context(Browser(f"http://127.0.0.1:{port}/"))
        browser.wait_for("document.readyState == 'complete' && !document.getElementById('token-form').hidden")
        browser.get(f"document.getElementById('token').value = '{TOKEN}'")
        browser.get("document.getElementById('token-form').requestSubmit()")
        browser.wait_for("!document.getElementById('chat').hidden")
        for text, answers in (("good day", 1), ("and <b>bye</b>", 2)):
            browser.get(f"document.getElementById('question').value = '{text}'")
            browser.get("document.getElementById('ask').requestSubmit()")
            browser.wait_for(f"document.querySelectorAll('.assistant .note').length == {answers}")
        assert browser.get("document.querySelectorAll('.assistant span')[1].textContent") == "and <b>bye</b> "
        browser.get("document.getElementById('question').value = 'a '.repeat(60)")
        browser.get("document.getElementById('ask').requestSubmit()")
        browser.wait_for("document.querySelectorAll('.assistant .problem').length == 1")
    assert [turn.role for turn in writer.asked[-1][0]] == ["user", "assistant", "user"]
