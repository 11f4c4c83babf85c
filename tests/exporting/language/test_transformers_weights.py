"""Weights under the names of transformers: NumPy gets the scores of the model of keras-hub from them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import keras_hub
import numpy as np
import pytest
from safetensors.numpy import save_file

from kerastune_ft.backbones.language.generator import task_class
from kerastune_ft.config.facts.hub_families import HUB_FAMILIES
from kerastune_ft.errors import ConfigError
from kerastune_ft.exporting.language.numpy_scores import score
from kerastune_ft.exporting.language.transformers_weights import convert

_SCALED = {
    "rope_frequency_adjustment_factor": 8.0,
    "rope_low_freq_factor": 1.0,
    "rope_high_freq_factor": 4.0,
    "rope_pretraining_sequence_length": 16,
    "tie_word_embeddings": True,
}
_CASES: list[tuple[str, dict[str, Any]]] = [
    ("GPT2Backbone", {}),
    ("LlamaBackbone", {"layer_norm_epsilon": 1e-4}),
    # keras-hub keeps this number and does not compute with it; those of other families it does.
    ("LlamaBackbone", {"rope_position_scaling_factor": 2.0}),
    ("Llama3Backbone", {"rope_position_scaling_factor": 2.0}),
    ("MistralBackbone", {"rope_scaling_factor": 2.0, "sliding_window": 5}),
    ("Qwen3Backbone", {"rope_scaling_factor": 2.0}),
    ("Llama3Backbone", _SCALED),
    ("MistralBackbone", {}),
    ("QwenBackbone", {"tie_word_embeddings": False}),
    ("Qwen3Backbone", {}),
]
_QUICK = [_CASES[2], ("Llama3Backbone", _SCALED)]


@pytest.mark.parametrize(
    ("name", "options"),
    [pytest.param(*case, marks=[] if case in _QUICK else [pytest.mark.slow]) for case in _CASES],
)
def test_scores_of_the_files_are_those_of_the_model(name: str, options: dict[str, Any], tmp_path: Path) -> None:
    keras.utils.clear_session()
    body = getattr(keras_hub.models, name)(**{**HUB_FAMILIES[name].small, **options})
    draw = np.random.default_rng(0)
    for variable in body.variables:
        if not variable.path.endswith("seed_generator_state"):
            variable.assign(variable.numpy() + draw.normal(0, 0.2, variable.shape).astype("float32"))
    config, tensors = convert(body)
    (tmp_path / "config.json").write_text(json.dumps(config))
    save_file({key: np.ascontiguousarray(each) for key, each in tensors.items()}, tmp_path / "model.safetensors")
    tokens = draw.integers(0, 256, (1, 24)).astype("int32")
    task = task_class(body)(backbone=body, preprocessor=None)
    expected = np.asarray(task({"token_ids": tokens, "padding_mask": np.ones_like(tokens)}, training=False))[0]
    (found,) = score(tmp_path, tokens.tolist())
    np.testing.assert_allclose(found, expected, atol=2e-3 * np.abs(expected).max())
    # Every weight is somewhere, once.
    own = [variable for variable in body.variables if not variable.path.endswith("seed_generator_state")]
    assert sum(each.size for each in tensors.values()) == sum(int(np.prod(each.shape)) for each in own)


def test_other_classes_are_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="cannot hold a object; it holds GPT2Backbone, LlamaBackbone"):
        convert(object())
