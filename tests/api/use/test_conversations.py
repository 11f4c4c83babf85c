"""Asking a finished run: questions in tables, and a conversation with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import kerastune_ft as kt
from kerastune_ft.api.use.conversations import open_conversation
from kerastune_ft.errors import ConfigError
from kerastune_ft.rundir import RunDirectory
from tests.support.answering_run import answering_document, write_questions


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("answers")
    document = answering_document(write_questions(folder / "data.jsonl"))
    return kt.run(document, run_dir=folder / "run")


def test_a_run_answers_in_a_table_and_in_a_conversation_alike(run: Any):
    drawn = {"temperature": 1.0, "max_new_tokens": 8, "seed": 2}
    table = run.predict(["who are you?", "when?"], generate=drawn)
    assert list(table.columns) == ["input", "answer", "error"] and table["error"].isna().all()
    talk = open_conversation(RunDirectory(run.path), generate=drawn)
    assert "".join(talk.ask("when?")).strip() == table["answer"][1]
    assert len(talk.turns) == 2


def test_tables_keep_their_columns(run: Any, tmp_path: Path):
    path = write_questions(tmp_path / "more.jsonl", 2)
    table = run.predict(path)
    assert list(table["id"]) == [0, 1] and table["answer"].notna().all()


def test_what_a_run_cannot_do_is_said(run: Any):
    with pytest.raises(ConfigError, match="--top: predictions of this run are"):
        run.predict("a", top=2)
    with pytest.raises(ConfigError, match="--top-p has no effect where"):
        open_conversation(RunDirectory(run.path), generate={"top_p": 0.5})
