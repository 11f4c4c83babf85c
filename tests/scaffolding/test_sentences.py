"""What is said about a proposal."""

from __future__ import annotations

from kerastune_ft.scaffolding.propose import Proposal
from kerastune_ft.scaffolding.sentences import describe

DOCUMENT = {
    "name": "texts",
    "task": {"kind": "text_classification", "// positive": "the class to detect", "positive": "spam"},
    "data": {"kind": "table", "path": "texts.csv", "// label": "by its name", "label": "kind", "resize": "pad"},
    "backbone": {"// class": "small", "kind": "keras_hub", "class": "BertBackbone"},
    "defaults": {"batch_size": 8, "// monitor": "rare classes", "monitor": "validation_macro_f1"},
    "phases": {"// preset": "few", "preset": "head", "epochs": 1},
}


def test_each_choice_is_said_with_its_reason() -> None:
    assert describe(Proposal(DOCUMENT, 1200, {"ham": 1000, "spam": 200}, ("3 rows are empty",), ("is it so?",))) == [
        "texts: 1,200 examples of 2 classes (ham 1,000, spam 200), text_classification",
        'task.positive "spam": the class to detect',
        'data.label "kind": by its name',
        "backbone: BertBackbone: small",
        "schedule: head, 1 epoch a phase; few",
        'defaults.monitor "validation_macro_f1": rare classes',
        "3 rows are empty",
        "please check: is it so?",
    ]


def test_many_classes_are_cut_and_phases_are_listed() -> None:
    phases = [{"name": "head", "epochs": 3}, {"// unfreeze": "unlike photos", "name": "all", "steps": 1}]
    document = {**DOCUMENT, "phases": phases}
    said = describe(Proposal(document, 36, {f"c{number}": number for number in range(1, 9)}))
    assert said[0].endswith("of 8 classes (c8 8, c7 7, c6 6, c5 5, c4 4, c3 3, ... c1 1), text_classification")
    assert "schedule: head 3 epochs; all 1 step (unlike photos)" in said


def test_what_was_given_is_not_said_back() -> None:
    document = {
        "task": {"kind": "text_classification"},
        "data": {"// label": "given by --label", "label": "kind", "// input": "the only prose", "input": "text"},
        "backbone": {"kind": "keras_hub", "preset": "x"},
        "phases": "head",
    }
    said = describe(Proposal(document, 9, {}, (), ()))
    assert any("the only prose" in sentence for sentence in said)
    assert not any("given by" in sentence for sentence in said)
