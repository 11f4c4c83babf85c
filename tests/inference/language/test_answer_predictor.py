"""Rows of answers: the same as alone, with errors in their rows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from kerastune_ft.config.options.language.tasks import Generation
from kerastune_ft.data.dialogues.turns import Turn
from kerastune_ft.errors import ConfigError
from kerastune_ft.inference.items import Item
from kerastune_ft.inference.language import answer_predictor
from kerastune_ft.inference.language.answer_predictor import AnswerPredictor
from kerastune_ft.inference.output.form import OutputForm
from tests.support.tiny_writer import make_writer

CONFIG: Any = SimpleNamespace(seed=4, task=SimpleNamespace(generate=Generation(max_new_tokens=6)))
PLAN: dict[str, Any] = {"language": {}}


@pytest.fixture(scope="module")
def writer() -> Any:
    return make_writer(max_sequence_length=96)


def _open(writer: Any, monkeypatch: pytest.MonkeyPatch, **form: Any) -> AnswerPredictor:
    monkeypatch.setattr(answer_predictor, "open_any_writer", lambda run, plan: writer)
    return AnswerPredictor(None, CONFIG, PLAN, OutputForm(**form))  # type: ignore[arg-type]


def test_rows_are_in_order_and_errors_in_theirs(writer: Any, monkeypatch: pytest.MonkeyPatch):
    predictor = _open(writer, monkeypatch)
    texts = ["what is it?", "a", "hello there you"]
    items = [Item(text, texts=(text,)) for text in texts]
    items.insert(1, Item("bad", problem="is empty"))
    rows = [row for batch in predictor.batches(items, 3) for row in batch]
    assert [row["input"] for row in rows] == ["what is it?", "bad", "a", "hello there you"]
    assert rows[1] == {"input": "bad", "answer": None, "error": "is empty"}
    for row, text in zip([rows[0], *rows[2:]], texts, strict=True):
        alone = writer.answer([[Turn("user", text)]], CONFIG.task.generate, 4)[0]
        assert row["answer"] == alone.text.strip() and row["error"] is None
    assert predictor.notes() == [
        "3 of 3 answers end after 6 tokens, before the model ended; give --max-new-tokens for more"
    ]


def test_prompts_that_are_too_long_are_cut_and_counted(writer: Any, monkeypatch: pytest.MonkeyPatch):
    predictor = _open(writer, monkeypatch, generate=(("max_new_tokens", 2), ("seed", 9), ("temperature", 1.0)))
    assert predictor.options == Generation(max_new_tokens=2, temperature=1.0)
    list(predictor.batches([Item("long", texts=("x" * 200,))], 4))
    assert predictor.notes()[0] == "1 of 1 prompt was cut to 94 tokens"


def test_what_answers_cannot_have_is_refused(writer: Any, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(ConfigError, match="--calibrated has no effect"):
        _open(writer, monkeypatch, calibrated=True)
    with pytest.raises(ConfigError, match="--top-k has no effect where"):
        _open(writer, monkeypatch, generate=(("top_k", 5),))
    with pytest.raises(ConfigError, match="--temperature: -1"):
        _open(writer, monkeypatch, generate=(("temperature", -1),))
