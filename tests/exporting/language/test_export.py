"""Exports of language models: compared with their run before they are kept, and refused where they cannot hold it."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import kerastune_ft as kt
from kerastune_ft.errors import ConfigError, PromiseError
from kerastune_ft.exporting.formats.base import ExportOptions
from kerastune_ft.exporting.language import export
from tests.support.tiny_dialogues import ADAPTERS, GPT2, LAST, dialogue_document, write_dialogues

MASKS = {"padding_mask": np.array([[1, 1, 0]])}


def _write(*scores: Any) -> Any:
    """A model with one row of two tokens and a place of padding, over two words."""
    targets = {"labels": np.array([[1, 0, 0]]), "weights": np.array([[1.0, 0.5, 0.0]])}
    return SimpleNamespace(rows=[(MASKS, targets)], scores=[np.array([each], np.float32) for each in scores])


def test_scores_of_padding_are_not_compared() -> None:
    written = _write([[1.0, 2.0], [3.0, -4.0], [9.0, 9.0]])
    other = [np.array([[[1.0, 2.0], [3.001, -4.0], [0.0, np.nan]]], np.float32)]
    largest, allowed = export._refuse_others(written, other, "the export")
    assert (largest, allowed) == (pytest.approx(1e-3, rel=1e-3), pytest.approx(4e-3))


@pytest.mark.parametrize("wrong", [3.01, np.nan])
def test_other_scores_are_refused(wrong: float) -> None:
    written = _write([[1.0, 2.0], [3.0, -4.0], [9.0, 9.0]])
    with pytest.raises(PromiseError, match="the preset gives other scores than the run"):
        export._refuse_others(written, [np.array([[[1.0, 2.0], [wrong, -4.0], [9.0, 9.0]]], np.float32)], "the preset")


def test_perplexity_is_over_what_is_learnt() -> None:
    written = _write([[0.0, 3.0], [1.0, 1.0], [5.0, -5.0]])
    loss = 1.0 * np.log(1 + np.exp(-3.0)) + 0.5 * np.log(2.0)
    assert export._perplexity(written, written.scores) == pytest.approx(np.exp(loss / 1.5))


def test_formats_of_other_models_are_refused_by_name(tmp_path: Path) -> None:
    given: Any = SimpleNamespace(task=SimpleNamespace(kind="causal_lm"), modality="language")
    nothing: Any = None
    with pytest.raises(ConfigError, match="a run of causal_lm is exported as preset or transformers; its own model/"):
        export.export_writer(nothing, given, "onnx", tmp_path / "out", ExportOptions(), nothing)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_run_is_opened_elsewhere_from_either_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERASTUNE_CACHE", str(tmp_path / "cache"))
    data = write_dialogues(tmp_path / "dialogues.csv")
    run = kt.run(dialogue_document(data, "GPT2Backbone", GPT2, [LAST, ADAPTERS]), run_dir=tmp_path / "run")
    for name in ("preset", "transformers"):
        made = run.export(name, tmp_path / name, samples=3)
        assert made["compared"]["samples"] == 3
        assert made["compared"]["largest_difference"] <= made["compared"]["tolerance"]
        assert made["compared"]["export"] == pytest.approx(made["compared"]["run"], rel=1e-3)
        assert json.loads((tmp_path / name / "export.json").read_text())["files"].keys() == made["files"].keys()
    config = json.loads((tmp_path / "transformers" / "config.json").read_text())
    assert (config["architectures"], config["n_layer"]) == (["GPT2LMHeadModel"], 3)
    # Bytes are no tokenizer of keras-hub's model, which then takes and returns tokens.
    assert "model.generate(tokens, stop_token_ids=None)" in (tmp_path / "preset" / "README.md").read_text()
    # What is written of other weights is not kept, and what was there is.
    convert = export.convert

    def spoil(body: Any) -> Any:
        config, tensors = convert(body)
        return config, {**tensors, "transformer.ln_f.bias": tensors["transformer.ln_f.bias"] + 1}

    monkeypatch.setattr(export, "convert", spoil)
    kept = (tmp_path / "transformers" / "model.safetensors").read_bytes()
    with pytest.raises(PromiseError, match="the export gives other scores than the run"):
        run.export("transformers", tmp_path / "transformers")
    assert (tmp_path / "transformers" / "model.safetensors").read_bytes() == kept
