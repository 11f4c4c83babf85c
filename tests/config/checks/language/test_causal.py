from __future__ import annotations

from typing import Any

import pytest

from kerastune_ft.config.read import read
from tests.support.config_cases import messages

CHATS: dict[str, Any] = {
    "task": {"kind": "causal_lm"},
    "data": {"kind": "table", "path": "chats.jsonl", "input": "prompt", "label": "response"},
    "backbone": {"kind": "keras_hub", "class": "GPT2Backbone"},
    "phases": [{"name": "last", "unfreeze": {"last": 1}, "epochs": 1, "learning_rate": 0.001}],
}


def with_phase(**keys: Any) -> dict[str, Any]:
    return {**CHATS, "phases": [{**CHATS["phases"][0], **keys}]}


@pytest.mark.parametrize(
    ("document", "place", "said"),
    [
        ({**CHATS, "head": {"dropout": 0.5}}, "head.dropout", "whose head is the vocabulary"),
        (with_phase(class_weights="balanced"), "phases[0].class_weights", "texts and no classes"),
        (with_phase(mixup=0.2), "phases[0].mixup", "the mean of two texts is none"),
        (with_phase(dropout=0.1), "phases[0].dropout", "no head of classes"),
        (with_phase(image_size=[32, 32]), "phases[0].image_size", ""),
        (with_phase(augment={"flip": "horizontal"}), "phases[0].augment", "no images"),
        (
            {**CHATS, "backbone": {"kind": "keras_hub", "class": "BertBackbone"}},
            "backbone.class",
            "reads texts and writes none",
        ),
    ],
)
def test_what_texts_to_write_do_not_have_is_refused(document: dict[str, Any], place: str, said: str) -> None:
    assert said in messages(document)[place]


def test_neutral_values_are_taken() -> None:
    assert read(with_phase(class_weights=None, mixup=0, dropout=None)).phases[0].mixup == 0
