from __future__ import annotations

from typing import Any

import pytest

from kerastune_ft.config.read import read
from kerastune_ft.config.run import config_hash
from tests.support.config_cases import MINIMAL, messages

SUMMARIES: dict[str, Any] = {
    "task": {"kind": "summarization"},
    "data": {"kind": "table", "path": "papers.csv", "input": "abstract", "label": "summary", "target_length": 32},
    "backbone": {"kind": "keras_hub", "class": "GPT2Backbone"},
    "phases": [{"name": "last", "unfreeze": {"last": 1}, "epochs": 1, "learning_rate": 0.001}],
}


def with_key(section: str, **keys: Any) -> dict[str, Any]:
    return {**SUMMARIES, section: {**SUMMARIES[section], **keys}}


def test_a_text_for_a_text_is_read() -> None:
    config = read(SUMMARIES)
    assert config.data.target_length == 32
    assert config.task.generate.max_new_tokens == 128


def test_metrics_of_written_texts_may_choose_epochs_unless_there_are_none() -> None:
    phase = {**SUMMARIES["phases"][0], "monitor": "validation_rouge_l"}
    assert read({**SUMMARIES, "phases": [phase]}).phases[0].monitor == "validation_rouge_l"
    without = {**with_key("task", metrics=[]), "phases": [phase]}
    assert 'add "metrics": ["rouge_l"]' in messages(without)["phases[0].monitor"]
    assert config_hash(read(SUMMARIES)) != config_hash(read(with_key("task", metrics=[])))
    assert config_hash(read(SUMMARIES)) == config_hash(read(with_key("task", metrics=None)))


@pytest.mark.parametrize(
    ("document", "place", "said"),
    [
        (with_key("data", input=["abstract", "title"]), "data.input", "a pair of texts"),
        (with_key("data", exif="ignore"), "data.exif", "no effect"),
        (with_key("backbone", **{"class": "BertBackbone"}), "backbone.class", 'as "BartBackbone"'),
        ({**MINIMAL, "data": {**MINIMAL["data"], "target_length": 8}}, "data.target_length", "no effect"),
    ],
)
def test_what_contradicts_it_is_a_problem(document: dict[str, Any], place: str, said: str) -> None:
    assert said in messages(document)[place]
