"""What contradicts a task that finds hidden words."""

from __future__ import annotations

from typing import Any

import pytest

from kerastune_ft.config.read import read
from kerastune_ft.errors import ConfigError

_DOCUMENT: dict[str, Any] = {
    "name": "m",
    "task": {"kind": "masked_lm"},
    "data": {"kind": "table", "path": "texts.csv", "input": "text"},
    "backbone": {"kind": "keras_hub", "class": "BertBackbone"},
    "phases": [{"name": "all", "unfreeze": "all", "epochs": 1, "learning_rate": 0.001}],
}


def test_plain_texts_and_fixed_choices_of_words_are_right() -> None:
    phase = _DOCUMENT["phases"][0] | {"augment": {"views": 3}}
    read({**_DOCUMENT, "phases": [phase]})
    read({**_DOCUMENT, "data": {"kind": "folder", "path": "texts"}})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"data": {**_DOCUMENT["data"], "label": "class"}}, "data.label  it has no effect with task.kind masked_lm"),
        ({"data": {**_DOCUMENT["data"], "input": ["a", "b"]}}, "hidden words are found in one text"),
        ({"backbone": {"kind": "keras_hub", "class": "ElectraBackbone"}}, "finds no hidden words"),
        ({"backbone": {"kind": "keras_hub", "class": "GPT2Backbone"}}, '"kind": "causal_lm" in task'),
        ({"backbone": {"kind": "saved", "path": "m.keras"}}, "a saved model has no embeddings that are known"),
        ({"head": {"dropout": 0.5}}, "head.dropout  it has no effect with task.kind masked_lm"),
        ({"phases": [{**_DOCUMENT["phases"][0], "augment": "light"}]}, "phases[0].augment  it has no effect"),
        ({"phases": [{**_DOCUMENT["phases"][0], "mixup": 0.2}]}, "phases[0].mixup  it has no effect"),
        ({"phases": "auto"}, "hidden words have neither"),
        ({"task": {"kind": "masked_lm", "mask_selection_rate": 1}}, "task.mask_selection_rate"),
    ],
)
def test_what_has_no_effect_or_no_sense_is_said(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read({**_DOCUMENT, **changes})
    assert " ".join(said.split()) in " ".join(str(refused.value).split())
