from __future__ import annotations

from typing import Any

from kerastune_ft.cards.limits import list_limits

DOCUMENT: dict[str, Any] = {
    "modality": "text",
    "inputs": {"sequence_length": 48},
    "calibration": None,
    "gives_probabilities": True,
    "data": {"sizes": {"train": 100, "test": 60}, "counts": {"train": {"ham": 90, "spam": 10}}, "grouped": False},
    "metrics": {"test": {"loss": {"interval": None}, "accuracy": {"interval": [0.8, 0.9]}}},
}


def test_limits_follow_from_sizes_classes_groups_inputs_and_findings() -> None:
    found = list_limits(DOCUMENT, [{"level": "warning", "text": "said."}, {"level": "hint", "text": "not said."}])
    assert found == [
        "It was measured on 60 test examples, which are few: its test accuracy lies between 0.8000 and 0.9000 (95 %).",
        "The classes are uneven: 90 training examples of ham, and 10 of spam, which it knows less well.",
        "Nothing tells which examples belong together: where several come from one person, place or day, and lie in "
        "different splits, the figures are too good.",
        "Texts of another kind or language than those it was trained on get an answer all the same: it has no answer "
        'for "none of these".',
        "Of a text it reads 48 tokens at most.",
        "Its probabilities were not calibrated: of answers with .9, more or fewer than nine in ten may be right.",
        "said.",
    ]


def test_a_model_with_less_limits_has_fewer_sentences() -> None:
    document = DOCUMENT | {
        "calibration": {"temperature": 1.5},
        "data": {"sizes": {"test": 5000}, "counts": {"train": {"ham": 50, "spam": 50}}, "grouped": True},
        "inputs": {"unknown": {"let_through": 0.95}},
    }
    size, inputs = list_limits(document, [])
    assert size.startswith("It was measured on 5,000 test examples: ")
    assert 'it says "unknown"' in inputs and "let 95 % of validation through" in inputs
    unfitted = list_limits(document | {"calibration": {"temperature": 1.0, "fitted": False}}, [])
    assert any("were not calibrated" in limit for limit in unfitted)
    untested = document | {"data": document["data"] | {"sizes": {"train": 5}}}
    assert "on no test split" in list_limits(untested, [])[0]


def test_a_model_of_boxes_says_what_it_leaves_out() -> None:
    found = list_limits(DOCUMENT | {"label_kind": "boxes", "gives_probabilities": False}, [])
    assert any("overlap by more than 0.6" in limit for limit in found)
    assert not any("overlap" in limit for limit in list_limits(DOCUMENT | {"label_kind": "one"}, []))
