"""Backbones that find hidden words: the preset's own head, and what has none."""

from __future__ import annotations

from pathlib import Path

import keras_hub
import numpy as np
import pytest

from kerastune_ft.backbones.masked import build
from kerastune_ft.config.options.backbones import KerasHub, Saved
from kerastune_ft.errors import ConfigError

_WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "tea", "rain", "good"]


def _save_preset(folder: Path) -> keras_hub.models.BertMaskedLM:
    tokenizer = keras_hub.tokenizers.BertTokenizer(vocabulary=_WORDS)
    body = keras_hub.models.BertBackbone(
        vocabulary_size=8, num_layers=1, num_heads=2, hidden_dim=8, intermediate_dim=12, max_sequence_length=16
    )
    preprocessor = keras_hub.models.BertMaskedLMPreprocessor(tokenizer=tokenizer, sequence_length=16)
    task = keras_hub.models.BertMaskedLM(backbone=body, preprocessor=preprocessor)
    task.masked_lm_head.weights[0].assign(np.arange(8))
    task.save_to_preset(str(folder))
    return task


def test_the_head_of_a_preset_is_kept_where_it_has_one(tmp_path: Path) -> None:
    task = _save_preset(tmp_path / "whole")
    found = build(KerasHub(kind="keras_hub", preset=str(tmp_path / "whole")))
    assert found.notes == ()
    assert found.vocabulary is not None
    assert found.vocabulary.weights["vocabulary_bias/embeddings"].tolist() == [list(range(8))]
    task.backbone.save_to_preset(str(tmp_path / "body"))
    task.preprocessor.tokenizer.save_to_preset(str(tmp_path / "body"))
    other = build(KerasHub(kind="keras_hub", preset=str(tmp_path / "body")))
    assert "has no head that finds hidden words" in other.notes[0]
    assert other.vocabulary is not None
    assert not other.vocabulary.weights["vocabulary_bias/embeddings"].any()
    assert other.input.mask == 4


def test_models_that_find_no_hidden_words_are_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"is a GPT2Backbone, which finds no hidden words; write a model that does: A"
    ):
        build(KerasHub.model_validate({"kind": "keras_hub", "class": "GPT2Backbone"}))
    with pytest.raises(ConfigError, match=r"backbone.kind: saved has no models that find hidden words"):
        build(Saved(kind="saved", path="model.keras"))
