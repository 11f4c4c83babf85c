from __future__ import annotations

from typing import Any

import pytest

from kerastune_ft.config.read import read
from kerastune_ft.errors import ConfigError
from kerastune_ft.scaffolding.findings import DataFindings
from kerastune_ft.scaffolding.suggest import language


def make_findings() -> DataFindings:
    data: dict[str, Any] = {"kind": "table", "path": "chats.jsonl", "input": "messages"}
    return DataFindings({"kind": "causal_lm"}, data, 100, 70, {})


def test_what_is_proposed_is_a_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    def locate(name: str, known: Any) -> str:
        raise ConfigError(name)

    monkeypatch.setattr(language.presets, "locate", locate)
    findings = make_findings()
    found = language.suggest(findings)
    config = read({"task": findings.task, "data": findings.data, **found})
    assert config.data.sequence_length == 512
    assert found["phases"] == "full"
    assert "random weights" in found["backbone"]["// class"]


def test_a_pretrained_model_trains_its_last_block_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language.presets, "locate", lambda name, known: language.HANDLES[name])
    assert language.suggest(make_findings())["phases"] == "last_then_lora"
    findings = make_findings()
    wanted = {"kind": "keras_hub", "preset": "mine"}
    assert language.suggest(findings, wanted)["backbone"] == wanted
    assert "sequence_length" not in findings.data
