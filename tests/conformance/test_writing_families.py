"""Every family of keras-hub that writes texts, in tiny random models: scores, units, cuts, adapters, generation."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import pytest

from kerastune_ft.backbones.base import Backbone, with_precision
from kerastune_ft.backbones.build import build
from kerastune_ft.backbones.language.generator import task_class
from kerastune_ft.backbones.language.vocabulary import MATRIX, find_projection, trim_vocabulary
from kerastune_ft.config.facts.hub_families import HUB_FAMILIES
from kerastune_ft.config.options.backbones import KerasHub
from kerastune_ft.config.options.phases import Everything, Lora
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph.lora_targets import find_targets
from kerastune_ft.graph.partition import partition
from tests.support import hub_classes

# Those that write down sounds are in tests/backbones/hub/test_speech.py.
WRITERS = [name for name, family in HUB_FAMILIES.items() if family.writes not in ("", "speech")]
_TIED: dict[str, Any] = {"tie_word_embeddings": True}
_UNTIED: dict[str, Any] = {"tie_word_embeddings": False}
_GEMMA_2 = {
    "query_head_dim_normalize": False,
    "use_post_ffw_norm": True,
    "use_post_attention_norm": True,
    "final_logit_soft_cap": 3.0,
    "attention_logit_soft_cap": 5.0,
    "sliding_window_size": 4,
    "use_sliding_window_attention": True,
}
_VARIANTS: Mapping[str, tuple[str, dict[str, Any]]] = {
    **{name: (name, {}) for name in WRITERS},
    "Gemma2": ("GemmaBackbone", _GEMMA_2),
    "Gemma3 capped": ("Gemma3Backbone", {"final_logit_soft_cap": 3.0, "use_query_key_norm": True}),
    "Llama tied": ("LlamaBackbone", _TIED),
    "Llama3 tied": ("Llama3Backbone", _TIED),
    "Qwen untied": ("QwenBackbone", _UNTIED),
    "Qwen2 tied": ("Qwen2Backbone", _TIED),
    "Qwen3 tied": ("Qwen3Backbone", _TIED),
    "Qwen3 untied": ("Qwen3Backbone", _UNTIED),
    "Qwen3Moe tied": ("Qwen3MoeBackbone", _TIED),
    "T5 untied": ("T5Backbone", {"tie_embedding_weights": False}),
    "T5 without gates": ("T5Backbone", {"use_gated_activation": False, "key_value_dim": 4}),
    "T5Gemma capped": ("T5GemmaBackbone", {"final_logit_softcapping": 3.0, "attn_logit_softcapping": 5.0}),
    "T5Gemma untied": ("T5GemmaBackbone", {**_UNTIED, "final_logit_softcapping": 3.0, "decoder_hidden_dim": 24}),
}
_LENGTH, _ANSWER = 9, 7
_SAMPLE = ("GPT2Backbone", "LlamaBackbone", "T5Backbone")


def _variants(*sample: str) -> list[Any]:
    return [
        pytest.param(name, marks=[hub_classes.needs(kind), *([] if name in sample else [pytest.mark.slow])])
        for name, (kind, _) in _VARIANTS.items()
    ]


@functools.cache
def _build(variant: str) -> tuple[Backbone, keras.Model]:
    """Return the backbone and the whole model that gives scores."""
    keras.utils.clear_session()
    name, options = _VARIANTS[variant]
    backbone = build(KerasHub(**{"class": name}, options=options), seed=3, writes=True)
    return backbone, _whole(backbone)


def _whole(backbone: Backbone) -> keras.Model:
    assert backbone.vocabulary is not None
    return keras.Model(backbone.model.input, backbone.vocabulary.apply(backbone.model.output))


def _inputs(backbone: Backbone, rows: int = 3) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(0)
    given = {}
    for name in backbone.input.names:
        length = _ANSWER if name.startswith("decoder") else _LENGTH
        mask = (np.arange(length) < np.array([[length], [length - 3], [length - 1]])[:rows]).astype("int32")
        # A token may have any number, that of padding too.
        tokens = draw.integers(0, 200, mask.shape).astype("int32")
        given[name] = mask if name.endswith("mask") else tokens * mask
    return given


def _values(model: keras.Model, inputs: Any) -> np.ndarray:
    return np.asarray(model(inputs, training=False))


def _shake(variables: Any, seed: int = 5) -> None:
    """Give variables other values, small enough for every activation."""
    draw = np.random.default_rng(seed)
    for variable in variables:
        variable.assign(variable.numpy() + draw.normal(0, 0.1, variable.shape).astype("float32"))


@pytest.mark.parametrize("variant", _variants(*_SAMPLE))
def test_scores_are_those_of_keras_hub(variant: str) -> None:
    backbone, model = _build(variant)
    _shake(backbone.model.variables)
    given = _inputs(backbone)
    assert backbone.generator is not None
    own = task_class(backbone.generator.body)
    body = backbone.generator.take({variable.path: variable for variable in model.variables})
    expected = _values(own(backbone=body, preprocessor=None), given)
    np.testing.assert_array_equal(_values(model, given), expected)
    # What the loss multiplies hidden states with is the same matrix.
    known = find_projection(model)
    kernel = known.variable.numpy().T if known.is_transposed else known.variable.numpy()
    scores = _values(trim_vocabulary(model), given).astype("float64") * known.scale @ kernel
    if known.cap is not None:
        scores = known.cap * np.tanh(scores / known.cap)
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("variant", _variants(*_SAMPLE))
def test_every_cut_is_exact(variant: str) -> None:
    backbone, model = _build(variant)
    given = _inputs(backbone)
    whole = _values(model, given)
    assert np.isfinite(whole).all()
    ids = [unit.id for unit in backbone.units]
    assert ids[0] == "embeddings" and len(ids) == len(set(ids)) > 2
    above = [
        [variable.path for unit in backbone.units[number:] for variable in unit.variables]
        for number in range(1, len(ids))
    ]
    vocabulary = [variable.path for variable in model.variables if variable.path.startswith(f"{MATRIX}/")]
    assert backbone.vocabulary is not None
    assert bool(vocabulary) == (not backbone.vocabulary.is_tied)
    for trained in [*above, *([vocabulary] if vocabulary else [])]:
        parts = partition(model, [*trained, *vocabulary])
        assert parts.prefix is not None
        middle = parts.prefix(given, training=False)
        listed = middle if isinstance(middle, list) else [middle]
        # Hidden states and masks, and nothing of two lengths.
        assert {tensor.shape[0] for tensor in listed} == {3}
        assert all(len(tensor.shape) <= 3 for tensor in listed)
        np.testing.assert_array_equal(np.asarray(parts.tail(middle, training=False)), whole)
        assert not {variable.path for variable in parts.prefix.variables} & {*trained, *vocabulary}


@pytest.mark.parametrize("variant", _variants("LlamaBackbone"))
def test_a_tied_vocabulary_has_nothing_of_its_own_to_train(variant: str) -> None:
    backbone, model = _build(variant)
    assert backbone.vocabulary is not None
    own = [variable.path for variable in model.variables if variable.path.startswith(f"{MATRIX}/")]
    if backbone.vocabulary.is_tied:
        assert own == []
        with pytest.raises(ConfigError, match="nothing would train"):
            partition(model, [])
        return
    assert own == [f"{MATRIX}/kernel"]
    # All of the backbone is computed once: the final hidden states are what is stored.
    cut = partition(model, own).cut
    assert [len(tensor.shape) for tensor in cut] == [3]


@pytest.mark.parametrize("variant", _variants(*_SAMPLE))
def test_adapters_stand_on_queries_and_values_of_every_block(variant: str) -> None:
    backbone, _ = _build(variant)
    found = find_targets(Lora(rank=2), Everything(), backbone.units, "phases[0]")
    assert list(found) == [unit.id for unit in backbone.units if unit.id != "embeddings"]
    for layers in found.values():
        names = " ".join(path.rpartition("/")[2] for path in layers)
        assert "qkv" in names or ("q" in names and "v" in names), names


@pytest.mark.parametrize("variant", _variants("LlamaBackbone", "T5Backbone"))
def test_generation_takes_what_was_trained_in_any_precision(variant: str) -> None:
    backbone, _ = _build(variant)
    generator = backbone.generator
    assert generator is not None
    shared = {id(variable) for variable in backbone.model.variables}
    copied = [path for own, path in generator.pairs if id(own) not in shared]
    assert backbone.vocabulary is not None
    # An output matrix is split off the embeddings, which then are a copy too.
    assert len(copied) == (0 if backbone.vocabulary.is_tied else 2)
    half = with_precision(backbone, "mixed_bfloat16")
    whole = _whole(half)
    assert half.model.output.dtype == "bfloat16"
    _shake(whole.variables)
    given = _inputs(backbone)
    body = generator.take({variable.path: variable for variable in whole.variables})
    assert {own.dtype for own, _ in generator.pairs} == {"float32"}
    exact = _values(task_class(body)(backbone=body, preprocessor=None), given)
    rough = _values(whole, given).astype("float32")
    assert 0 < np.abs(exact - rough).max() < 0.2 * np.abs(exact).max()


@pytest.mark.parametrize("variant", _variants("GPT2Backbone"))
def test_a_row_does_not_depend_on_its_batch_nor_on_padding(variant: str) -> None:
    backbone, model = _build(variant)
    given = _inputs(backbone)
    whole = _values(model, given)
    for row in range(3):
        alone = _values(model, {name: value[row : row + 1] for name, value in given.items()})
        np.testing.assert_allclose(alone[0], whole[row], atol=1e-4, rtol=1e-4)
    masks = {name: given[name.replace("token_ids", "padding_mask")] for name in given if name.endswith("token_ids")}
    other = {**given, **{name: np.where(mask, given[name], 77) for name, mask in masks.items()}}
    read = given[backbone.input.names[-1]].astype(bool)
    np.testing.assert_array_equal(_values(model, other)[read], whole[read])
