"""The plan of a language model whose phase has nothing to train."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.processes import run_commands
from tests.support.tiny_dialogues import GPT2, HEAD, LAST, dialogue_document, write_dialogues


def test_a_tied_vocabulary_is_no_head_to_train_and_what_to_write_is_said(tmp_path: Path) -> None:
    data = write_dialogues(tmp_path / "dialogues.csv")
    (tmp_path / "tied.json").write_text(json.dumps(dialogue_document(data, "GPT2Backbone", GPT2, [LAST, HEAD])))
    (done,) = run_commands(tmp_path, [("plan", "tied.json")])
    assert done.code == 2
    said = " ".join(done.err.split())
    assert "phases[1] (head).unfreeze: nothing would train: the vocabulary of" in said
    assert 'is tied to its embeddings, so that there is no head with weights of its own; write {"last": 1}' in said
    assert 'or that with "lora": {"rank": 8} to train adapters on it' in said
    assert "Traceback" not in done.text
