from __future__ import annotations

from kerastune_ft.config.options.task_facts import metrics_of_labels
from kerastune_ft.reporting.results.base import Results
from kerastune_ft.reporting.results.pages import PAGES
from kerastune_ft.reporting.results.written_texts import TextPage


def test_texts_have_their_page_without_tables_of_classes() -> None:
    page = PAGES["text"]
    assert isinstance(page, TextPage)
    assert set(page.headlines) <= set(metrics_of_labels("text"))
    assert page.summarise(Results(({"input": "a"},))) == {}
    assert page.describe_labels(()) == "texts to write"


def test_answers_before_and_after_are_drawn_where_there_are_any() -> None:
    rows = [{"prompt": "1 + 1?", "expected": "2", "before": "?", "after": "2"}]
    assert TextPage().draw(Results(samples=rows)) == {"samples": rows, "is_written": False}
    assert TextPage().draw(Results()) == {"samples": [], "is_written": False}
