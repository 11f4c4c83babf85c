from __future__ import annotations

import pytest

from kerastune_ft.reporting.notebook.panel import Panel, Results, find_panel, open_panel
from kerastune_ft.streams import say
from tests.support.kernels import be_in


class Page:
    """What an output shows, by a clock of its own."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, str]] = []
        self.time = 0.0
        self.panel = Panel(self, lambda: self.time)

    def write(self, html: str, text: str) -> None:
        self.shown.append((html, text))

    @property
    def html(self) -> str:
        return self.shown[-1][0]

    @property
    def text(self) -> str:
        return self.shown[-1][1]


def test_sentences_are_shown_at_once_and_text_is_no_html() -> None:
    page = Page()
    page.panel.note("reads <b>.csv")
    page.panel.note("trains")
    assert len(page.shown) == 2
    assert page.text == "reads <b>.csv\ntrains"
    assert "reads &lt;b&gt;.csv\ntrains" in page.html


def test_a_bar_moves_a_few_times_a_second_and_says_what_is_left() -> None:
    page = Page()
    for step in range(1, 101):
        page.time = step / 50
        page.panel.move_bar("head", step, 200)
    assert 5 <= len(page.shown) <= 8
    page.time += 10
    page.panel.move_bar("head", 101, 200)
    assert page.text.startswith("head  101/200, ")
    assert page.text.endswith(" left")
    assert "width:50.5%" in page.html


def test_the_time_that_is_left_is_by_the_pace_of_this_bar() -> None:
    page = Page()
    page.panel.move_bar("head", 90, 100)
    page.time = 8.0
    page.panel.move_bar("head", 94, 100)
    # 4 steps in 8 seconds, and 6 are left.
    assert page.text == "head  94/100, 12 s left"
    page.panel.hide_bar()
    page.panel.move_bar("top", 1, 50)
    page.time = 16.0
    page.panel.move_bar("top", 5, 50)
    assert page.text == "top  5/50, 1 min 30 s left"


def test_a_bar_that_is_gone_in_a_moment_is_not_shown() -> None:
    page = Page()
    page.panel.move_bar("predicting", 1, 2)
    page.panel.move_bar("predicting", 2, 2)
    page.panel.hide_bar()
    page.panel.close()
    assert page.shown == []


def test_at_the_end_many_sentences_are_folded_below_the_results() -> None:
    page = Page()
    for number in range(20):
        page.panel.note(f"line {number}.")
    assert "8 earlier lines" in page.html
    assert "line 7." not in page.html
    page.panel.conclude(Results("<table>0.9</table>", "accuracy 0.9"))
    page.panel.close()
    assert page.html.index("<table>") < page.html.index("<details>") < page.html.index("line 7.")
    assert page.text.splitlines()[:2] == ["accuracy 0.9", "line 0."]
    assert len(page.text.splitlines()) == 21


def test_questions_and_weak_backbones_are_not_folded() -> None:
    page = Page()
    page.panel.note("backbone: BertBackbone: small and with random weights, so it learns little")
    page.panel.note("please check: is 0 to 6 the range that matters?")
    for number in range(20):
        page.panel.note(f"line {number}.")
    page.panel.close()
    outside, folded = page.html.split("<details>")
    assert "random weights" in outside and "the range that matters" in outside and "line 3." not in outside
    assert "the range that matters" in folded


def test_few_sentences_stay_as_they_are_and_no_bar_is_left() -> None:
    page = Page()
    page.panel.note("opened")
    page.time = 5.0
    page.panel.move_bar("head", 5, 10)
    page.panel.close()
    assert page.text == "opened"
    assert "width:" not in page.html.replace("max-width:", "")
    assert "<details>" not in page.html


def test_what_is_said_in_a_call_is_one_output(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = be_in(monkeypatch)
    with open_panel() as panel:
        say("give --fresh")
        with open_panel() as inner:
            say("again")
        assert inner is panel is find_panel()
    say("after it")
    assert find_panel() is None
    assert [how for how, _ in shown] == ["shown", "updated", "updated"]
    assert shown[-1][1]["text/plain"] == "give fresh=True\nagain"
    assert capsys.readouterr().err == "after it\n"


def test_elsewhere_there_is_no_panel(capsys: pytest.CaptureFixture[str]) -> None:
    with open_panel() as panel:
        say("give --fresh")
    assert panel is None
    assert capsys.readouterr().err == "give --fresh\n"
