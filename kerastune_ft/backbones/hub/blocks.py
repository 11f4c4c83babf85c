"""Layers of keras-hub that hold a whole list of blocks, called block by block, so that units and cuts lie between them.

Each function does what the call of such a layer does, with the same layers: `call` puts each of them into the graph.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import keras
import numpy as np

from kerastune_ft.graph import keras_private
from kerastune_ft.graph.rebuild.hub_layers import repair_layer

_Call = Callable[..., Any]


def replay(
    model: keras.Model,
    inputs: Any,
    passes_embeddings: bool = False,
    calls: Mapping[str, Callable[..., Any]] = MappingProxyType({}),
) -> Any:
    """Return the outputs of a model of keras-hub on symbolic inputs, layers that hold a list of blocks unrolled.

    The layers are the model's own. Embeddings that hold output embeddings too are copied without these. With
    `passes_embeddings` embedded tokens pass a layer of their own. `calls` have by the class of a layer what to call in
    its place, as `_UNROLLED` here.
    """
    repair_layer(model)
    return keras_private.run_graph(model, inputs, _Replay(passes_embeddings, {**_UNROLLED, **calls}))


class _Replay:
    """Calls the operations of a graph again."""

    def __init__(self, passes_embeddings: bool, calls: Mapping[str, Callable[..., Any]]) -> None:
        self._passes = _EMBEDDINGS if passes_embeddings else ()
        self._calls = calls
        self._passed: Counter[str] = Counter()
        self._tied: dict[int, Any] = {}
        self._called: set[int] = set()

    def __call__(self, operation: Any, *arguments: Any, **options: Any) -> Any:
        # Whether a layer trains is decided by the phases, not where the graph was made.
        options.pop("training", None)
        kind = type(operation).__name__
        if kind in self._calls:
            return self._calls[kind](operation, _named_after(operation), *arguments, **options)
        if kind in _POSITIONS:
            return _constant(operation, arguments[0])
        if kind in _MASKS:
            return None
        if getattr(operation, "tie_weights", True) is False:
            operation = self._without_output(operation)
        if id(operation) in self._called and _is_weightless(operation):
            operation = _again(operation, len(self._called))
        self._called.add(id(operation))
        found = operation(*arguments, **options)
        if kind not in self._passes:
            return found
        # Keras cannot cut a graph at an output of a layer that is used again further up.
        self._passed[operation.name] += 1
        use = "" if self._passed[operation.name] == 1 else f"_{self._passed[operation.name]}"
        return keras.layers.Identity(name=f"{operation.name}_embedded{use}", dtype=operation.dtype_policy.name)(found)

    def _without_output(self, operation: Any) -> Any:
        if id(operation) not in self._tied:
            made = type(operation).from_config({**operation.get_config(), "tie_weights": True})
            made.build(None)
            made.embeddings.assign(operation.embeddings)
            self._tied[id(operation)] = made
        return self._tied[id(operation)]


def _is_weightless(operation: Any) -> bool:
    return isinstance(operation, keras.layers.Layer) and not operation.weights


def _again(operation: Any, number: int) -> Any:
    """Return a copy of a layer without weights: Keras cannot cut a graph at one of two uses of the same layer."""
    return type(operation).from_config({**operation.get_config(), "name": f"{operation.name}_{number}"})


def _named_after(holder: Any) -> _Call:
    """Return a function that calls a block by a name that begins with its holder's: names in a graph must differ."""

    def call(block: Any, *arguments: Any, **options: Any) -> Any:
        if not block.name.startswith(f"{holder.name}_"):
            old, block.name = block.name, f"{holder.name}_{block.name}"
            for variable in block.variables:
                if inner := variable.path.partition(f"{old}/")[2]:
                    keras_private.set_path(variable, f"{block.name}/{inner}")
        return block(*arguments, **options)

    return call


def _constant(operation: Any, given: Any) -> Any:
    """Return as arrays the output of a layer that depends on nothing but the size of its input.

    It has no axis of examples, so it could not be stored with them.
    """
    if isinstance(given, keras.KerasTensor):
        given = np.zeros((1, *given.shape[1:]), np.float32)
    values = operation(given)
    return tuple(np.asarray(value) for value in values) if isinstance(values, tuple) else np.asarray(values)


def _vit(layer: Any, call: _Call, x: Any) -> Any:
    x = call(layer.dropout, x)
    for block in layer.encoder_layers:
        x = call(block, x)
    return call(layer.layer_norm, x)


def _deit(layer: Any, call: _Call, x: Any, **_: Any) -> Any:
    for block in layer.encoder_layers:
        # Without the scores it returns None beside its output, which no graph takes.
        x = call(block, x, return_attention_scores=True)[0]
    return call(layer.layer_norm, x), x, x


def _dino(layer: Any, call: _Call, x: Any, **options: Any) -> Any:
    stages = {}
    for number, block in enumerate(layer.layers, start=1):
        stages[f"stage{number}"] = x = call(block, x, **options)
    return x, stages


def _hgnet(layer: Any, call: _Call, x: Any) -> Any:
    stages = [x]
    for stage in layer.stages_list:
        if stage.downsample_layer.weights:
            x = call(stage.downsample_layer, x)
        for block in stage.blocks_list:
            x = call(block, x)
        stages.append(x)
    return tuple(stages)


def _dino_patches(layer: Any, call: _Call, images: Any, *arguments: Any, **options: Any) -> Any:
    """Return the embedded patches in their real shape: of images that are no squares the layer reports another."""
    embedded = layer(images, *arguments, **options)
    height, width = images.shape[1:3]
    if height == width:
        return embedded
    patches = (height // layer.patch_size) * (width // layer.patch_size)
    return keras.ops.reshape(embedded, (-1, 1 + layer.num_register_tokens + patches, layer.hidden_dim))


def _siglip(layer: Any, call: _Call, images: Any) -> Any:
    """Return the embedded patches in their real shape: the layer reports one position more, for a class token."""
    patches = (images.shape[1] // layer.patch_size) * (images.shape[2] // layer.patch_size)
    return keras.ops.reshape(layer(images), (-1, patches, layer.hidden_dim))


def _swin_patches(layer: Any, call: _Call, images: Any) -> Any:
    x = call(layer.proj, images)
    x = keras.ops.reshape(x, (-1, x.shape[1] * x.shape[2], layer.embed_dim))
    return x if layer.norm is None else call(layer.norm, x)


def _swin(layer: Any, call: _Call, x: Any) -> Any:
    for block in layer.blocks:
        x = call(block, x)
    if layer.downsample is None:
        return x
    height, width = layer.input_resolution
    merged = call(layer.downsample, x, H=height, W=width)
    # The layer does not report how many positions it gives.
    return keras.ops.reshape(merged, (-1, -(-height // 2) * -(-width // 2), merged.shape[-1]))


_UNROLLED: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "ViTEncoder": _vit,
        "DeiTEncoder": _deit,
        "DINOV2Encoder": _dino,
        "DINOV3Encoder": _dino,
        "DINOV3Embedding": _dino_patches,
        "HGNetV2Encoder": _hgnet,
        "PatchEmbedding": _swin_patches,
        "SigLIPVisionEmbedding": _siglip,
        "SwinTransformerStage": _swin,
    }
)
_EMBEDDINGS = ("ReversibleEmbedding", "TokenAndPositionEmbedding")
_POSITIONS = ("Arange", "DINOV3RopePositionEmbedding", "MoonshineRotaryEmbedding")
# They tell sounds from padding. Where silence counts as sound, a mask that is true everywhere, of a length that the
# graph does not know, would cross every cut.
_MASKS = ("ComputeAttentionMask",)
