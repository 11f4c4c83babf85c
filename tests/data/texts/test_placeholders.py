"""Words for missing values in columns of texts."""

from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.config.read import read
from kerastune_ft.data.open import open_source
from kerastune_ft.data.texts.placeholders import describe_placeholders, find_placeholder_notes
from kerastune_ft.errors import DataError

TEXTS = ["A girl paints a fence.", "NaN", "nan", "NA", "n/a", "None of them came.", "#N/A", "nan", ""]


def test_words_for_a_missing_value_are_counted_with_their_column() -> None:
    (said,) = describe_placeholders("answer", TEXTS, is_learnt=True)
    assert said.startswith(
        '"answer": 6 rows hold a word for a missing value alone, "nan" (2), "NaN" (1), "NA" (1) and 2 more, which is '
        "learnt as text; "
    )
    assert find_placeholder_notes(["other", said]) == [said]
    assert describe_placeholders("answer", ["A girl.", "Nanny", "none of it"], is_learnt=False) == []


@pytest.mark.parametrize("column", ["prompt", "response"])
def test_a_table_of_questions_and_answers_names_the_column(tmp_path: Path, column: str) -> None:
    rows = [{"prompt": f"How are you {row}?", "response": f"Well {row}."} for row in range(20)]
    rows[3][column] = "NaN"
    (tmp_path / "t.csv").write_text("prompt,response\n" + "".join(f"{r['prompt']},{r['response']}\n" for r in rows))
    document = {
        "task": {"kind": "causal_lm"},
        "data": {"kind": "table", "path": str(tmp_path / "t.csv"), "input": "prompt", "label": "response"},
        "backbone": {"kind": "keras_hub", "class": "GPT2Backbone"},
        "phases": "full",
    }
    config = read(document)
    source = open_source(config.data, config.task, tmp_path, lambda done, total, what: None)
    (said,) = find_placeholder_notes(source.info.notes)
    assert said.startswith(f'"{column}": 1 row holds a word for a missing value alone, "NaN" (1)')


def test_a_table_without_answers_is_refused_in_the_words_of_the_task(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("text,summary\nA long text of words,short\nAnother long text,\n")
    document = {
        "task": {"kind": "summarization"},
        "data": {"kind": "table", "path": str(tmp_path / "t.csv"), "input": "text", "label": "summary"},
        "backbone": {"kind": "keras_hub", "class": "BartBackbone"},
        "phases": "full",
    }
    config = read(document)
    with pytest.raises(DataError, match=r"has no summary \(summary\):(.|\n)*Write the summaries, or write"):
        open_source(config.data, config.task, tmp_path, lambda done, total, what: None)
