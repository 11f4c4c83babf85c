"""Repairs for layers of keras-hub 0.32 whose configuration or masks are wrong.

A graph is saved, and rebuilt in another precision, from the configurations of its layers. Those of some blocks lack
options they were made with, or name some they do not take: keras-hub itself saves whole backbones by their own options,
and never a block. tests/conformance/test_hub_families.py saves a model of every family and opens it again.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import keras

from kerastune_ft.graph import keras_private

_Repair = Callable[[keras.layers.Layer, dict[str, Any]], dict[str, Any]]


def repair_layer(layer: Any) -> None:
    """Make a layer, and those in it, report the configuration they were built with and pass on no masks of their own.

    Other operations are left alone. An input of the model tells what is padding, and a cut loses masks that travel
    with tensors: a token of id 0 counts as any other where the padding mask says so. Attention that gets its mask as
    `mask` takes it for one that it should pass on, and Keras warns of that at every call.
    """
    if not isinstance(layer, keras.layers.Layer):
        return
    for one in keras_private.all_layers(layer):
        kind = type(one).__name__
        _name_inner(one, _NAMELESS.get(kind, ()))
        if getattr(one, "mask_zero", False):
            one.mask_zero = False
        if kind in _TAKING_MASKS:
            one.supports_masking = True
            one.compute_mask = _no_mask
        if not type(one).__module__.startswith("keras_hub."):
            continue
        if kind in _REPAIRS:
            one.get_config = functools.partial(_repair_config, one, _REPAIRS[kind])
        if type(one).build is keras.layers.Layer.build:
            # Built from a file it would pass for built, and what it holds would have no variables to load.
            one.get_build_config = _nothing
        if kind == "LlamaTransformerDecoder":
            # Its configuration asks for what it calls rope_position_scaling_factor.
            one.rope_scaling_factor = one.rope_position_scaling_factor


def _name_inner(layer: keras.layers.Layer, attributes: Sequence[str]) -> None:
    """Name layers in another after its attributes, and their variables, where Keras numbered them in this process."""
    for attribute in attributes:
        inner = getattr(layer, attribute)
        old, inner.name = inner.name, attribute
        for variable in inner.variables:
            keras_private.set_path(variable, variable.path.replace(f"/{old}/", f"/{attribute}/", 1))


def _repair_config(layer: keras.layers.Layer, repair: _Repair) -> dict[str, Any]:
    """Return the configuration of a layer with its mistakes put right."""
    return repair(layer, type(layer).get_config(layer))


def _no_mask(inputs: Any, previous: Any = None) -> None:
    return None


def _nothing() -> None:
    return None


def _without(*names: str) -> _Repair:
    """Leave out what the class does not take."""

    def repair(layer: keras.layers.Layer, config: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in config.items() if name not in names}

    return repair


def _with(*names: str, without: tuple[str, ...] = ()) -> _Repair:
    """Add what the class takes and keeps under the same name, and leave out what it does not take."""

    def repair(layer: keras.layers.Layer, config: dict[str, Any]) -> dict[str, Any]:
        return _without(*without)(layer, config) | {name: _plain(getattr(layer, name)) for name in names}

    return repair


def _plain(value: Any) -> Any:
    if isinstance(value, keras.initializers.Initializer):
        return keras.initializers.serialize(value)
    return keras.activations.serialize(value) if callable(value) else value


def _depthwise(layer: keras.layers.Layer, config: dict[str, Any]) -> dict[str, Any]:
    """Return a name without what the class adds to the one it is given."""
    return {**config, "name": layer.name.removesuffix("_0")}


def _hierarchical(layer: Any, config: dict[str, Any]) -> dict[str, Any]:
    rate = float(layer.drop_prop)
    inner = {"sr_ratio": int(layer.attn.sr_ratio), "layer_norm_epsilon": float(layer.norm1.epsilon)}
    return {**_without("mlp", "drop_prop")(layer, config), **inner, "drop_prob": rate}


def _swin(layer: Any, config: dict[str, Any]) -> dict[str, Any]:
    attention = layer.attn
    return {
        **config,
        "qkv_bias": bool(attention.qkv_bias),
        "dropout_rate": float(attention.proj_drop_rate),
        "attention_dropout": float(attention.attn_drop_rate),
        "drop_path": float(getattr(layer.drop_path, "drop_prob", 0.0)),
    }


_ROPE = tuple(f"rope_{name}" for name in ("position_scaling_factor", "frequency_adjustment_factor"))
_PATCHES = ("num_patches", "num_positions")

# Layers that are made without a name, in the classes that hold them.
_NAMELESS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"MoonshineDecoderBlock": ("norm1", "self_attention", "norm2", "cross_attention", "norm3", "ff")}
)
_TAKING_MASKS = ("T5MultiHeadAttention", "WindowAttention")
_REPAIRS: Mapping[str, _Repair] = MappingProxyType(
    {
        "DeiTEmbeddings": _without(*_PATCHES),
        "DeiTEncoderBlock": _without("key_dim"),
        "DepthwiseConvBlock": _depthwise,
        "GPTNeoXDecoder": _without("decoder_sequence_shape"),
        "HierarchicalTransformerEncoder": _hierarchical,
        "LlamaTransformerDecoder": _with(*_ROPE, without=("rope_scaling_factor",)),
        "MixtralTransformerDecoder": _with("output_router_logits", "router_aux_loss_coef"),
        # It names a type where keras-hub looks for a policy, and opens no preset of it.
        "MoonshineBackbone": _without("dtype"),
        "Qwen3LayerNorm": _with("head_dim"),
        "Qwen3TransformerDecoder": _with("head_dim", "sliding_window_size"),
        "QwenMoeTransformerDecoder": _with("activation", "layer_index", "kernel_initializer"),
        "QwenTransformerDecoder": _with("use_sliding_window_attention", "sliding_window_size"),
        "SwinTransformerBlock": _swin,
        "ViTEncoderBlock": _without("key_dim"),
        "ViTPatchingAndEmbedding": _with("use_patch_bias", without=_PATCHES),
    }
)
