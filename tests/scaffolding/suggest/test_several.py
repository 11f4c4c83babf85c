"""What is proposed for pictures with columns beside them can be read, with one backbone or two."""

from __future__ import annotations

from typing import Any

import pytest

from kerastune_ft.config.read import read
from kerastune_ft.scaffolding.findings import DataFindings
from kerastune_ft.scaffolding.suggest import several, texts

PRESET = {"kind": "keras_hub", "preset": "some_preset"}


def make_findings(**inputs: Any) -> DataFindings:
    data = {"kind": "table", "path": "t.csv", "input": {"image": "image", **inputs}, "label": "kind"}
    return DataFindings({"kind": "image_classification"}, data, 400, 280, {"a": 200, "b": 200})


def test_columns_of_numbers_need_no_other_backbone() -> None:
    findings = make_findings(numbers=["x"])
    found = several.suggest(findings)
    config = read({"task": findings.task, "data": findings.data, **found})
    assert config.head.hidden == (64,) and len(config.phases) == 2


def test_a_text_has_a_backbone_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "backbone", lambda findings: PRESET)
    findings = make_findings(text="note")
    found = several.suggest(findings)
    config = read({"task": findings.task, "data": findings.data, **found})
    assert set(found["backbone"]) == {"image", "text"} and len(config.phases) == 1


@pytest.mark.parametrize(("more", "left"), [({}, "image"), ({"words": ["w"]}, {"image": "image", "words": ["w"]})])
def test_texts_that_nothing_here_can_read_are_left_out(
    monkeypatch: pytest.MonkeyPatch, more: dict[str, Any], left: Any
) -> None:
    monkeypatch.setattr(texts, "backbone", lambda findings: {"kind": "keras_hub", "class": "BertBackbone"})
    findings = make_findings(text="note", **more)
    found = several.suggest(findings)
    assert findings.data["input"] == left and "are left out" in findings.seen[-1]
    read({"task": findings.task, "data": findings.data, **found})
