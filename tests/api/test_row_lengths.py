"""Rows are measured by presets that are on this machine, and by no others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.api import row_lengths
from kerastune_ft.backbones.hub import presets
from kerastune_ft.errors import ConfigError


def document(preset: str) -> dict[str, Any]:
    return {
        "task": {"kind": "causal_lm"},
        "data": {"kind": "table", "path": "chats.jsonl", "input": "messages"},
        "backbone": {"kind": "keras_hub", "preset": preset},
        "phases": "last_then_lora",
    }


def test_only_what_is_here_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[Any] = []
    monkeypatch.setattr(row_lengths, "load_engine", lambda settings: None)
    monkeypatch.setattr(row_lengths, "measure_rows", lambda settings: measured.append(settings.backbone.preset))
    monkeypatch.setattr(presets, "locate", lambda name, known: "kaggle://keras/gpt2/keras/gpt2_base_en")
    assert row_lengths.measure_local(document("gpt2_base_en")) is None
    assert measured == []
    row_lengths.measure_local(document(str(tmp_path)))
    monkeypatch.setattr(presets, "locate", lambda name, known: str(tmp_path))
    row_lengths.measure_local(document("gpt2_base_en"))
    assert measured == [str(tmp_path), "gpt2_base_en"]


def test_what_cannot_be_opened_is_left_to_the_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(settings: Any) -> None:
        raise ConfigError("no tokenizer")

    monkeypatch.setattr(row_lengths, "load_engine", lambda settings: None)
    monkeypatch.setattr(row_lengths, "measure_rows", refuse)
    assert row_lengths.measure_local(document(str(tmp_path))) is None
