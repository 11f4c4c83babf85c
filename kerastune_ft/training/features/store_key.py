"""The key of a feature store: everything that its rows depend on besides the example."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import json
import os
import platform
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from kerastune_ft.backbones import base as backbones
from kerastune_ft.graph import lora
from kerastune_ft.graph.lengths import choose_length, find_targets
from kerastune_ft.graph.partition import Stage
from kerastune_ft.input import loader
from kerastune_ft.training.flags import find_flags
from kerastune_ft.training.plan.cache_plan import NOT_AUGMENTED, CachedFeatures
from kerastune_ft.training.session.session import Session

# Raised by one when the frozen part is computed differently.
COMPUTATION_VERSION = 3
DECODED: Mapping[str, str] = {
    "image": "images",
    "audio": "sounds",
    "text": "texts",
    "language": "texts",
    "masked": "texts",
    "pair": "texts",
    "speech": "sounds",
}
"""The name of decoded inputs for each modality, in listings of stores."""


def key_parts(
    session: Session, chunk: int, stages: Sequence[Stage], store: CachedFeatures, bucket: int | None = None
) -> dict[str, Any]:
    """Return the parts of a store's key; `stages` are those of the phase that reads it.

    Variables are hashed with their present values. `bucket` is the number of the examples' shape where there are
    several. The names of the parts are on disk and must not change.
    """
    below = stages[: len(store.stages)]
    found: dict[str, Any] = {
        "input": session.loader.key_parts(bucket),
        "versions": {"tensorflow": tf.__version__},
    }
    if not below:
        return found
    variables = {variable.path: variable for stage in below for variable in stage.model.variables}
    return {
        **found,
        "augmentation": None if store.variant == NOT_AUGMENTED else json.loads(store.variant),
        "graph": [structure_hash(stage.model) for stage in below],
        "weights": backbones.content_hash(list(variables.values())),
        **_find_adapters(below),
        **({"frozen_precision": below[-1].precision} if below[-1].precision else {}),
        "cut": [
            [below[-1].cut_names[place], list(below[-1].cut[place].shape[1:]), str(below[-1].cut[place].dtype)]
            for place in find_places(below, store)
        ],
        "computation": {
            "version": COMPUTATION_VERSION,
            "chunk": chunk,
            "deterministic": session.devices.deterministic,
            "tf32": tf.config.experimental.tensor_float_32_execution_enabled(),
            "flags": find_flags(),
            **_find_device(session),
        },
        "versions": {
            "tensorflow": tf.__version__,
            "keras": importlib.metadata.version("keras"),
            **_find_hub_version(below),
        },
    }


def _find_hub_version(stages: Sequence[Stage]) -> dict[str, str]:
    """Return the version of keras-hub where a stage has one of its layers, else nothing."""
    layers = (layer for stage in stages for layer in stage.model.layers)
    if not any(type(layer).__module__.startswith("keras_hub.") for layer in layers):
        return {}
    return {"keras-hub": importlib.metadata.version("keras-hub")}


def _find_adapters(below: Sequence[Stage]) -> dict[str, Any]:
    """Return the scales of LoRA adapters below a cut, which are neither in the structure nor in the weights."""
    factors = {adapter.path: adapter.scale for stage in below for adapter in lora.adapters([stage.model])}
    return {"adapters": factors} if factors else {}


def find_places(stages: Sequence[Stage], store: CachedFeatures) -> tuple[int, ...]:
    """Return the places, in the cut of a store, of the tensors that its rows hold: the others are in `store.shared`."""
    stage = stages[len(store.stages) - 1]
    return tuple(range(len(stage.cut))) if store.shared is None else stage.new


def row_tensors(
    session: Session, stages: Sequence[Stage], store: CachedFeatures, bucket: int | None = None
) -> tuple[tf.TensorSpec, ...]:
    """Return the specs of the tensors in a row of a store; `bucket` is the number of the examples' shape."""
    if not store.stages:
        return (session.loader.input_spec(bucket),)
    length, targets = session.loader.length(bucket), find_targets(session.model)

    def find_spec(tensor: Any) -> tf.TensorSpec:
        own = None if length is None else choose_length(length, id(tensor) in targets)
        return tf.TensorSpec([own if size is None else size for size in tensor.shape[1:]], tensor.dtype)

    cut = stages[len(store.stages) - 1].cut
    return tuple(find_spec(cut[place]) for place in find_places(stages, store))


def row_bytes(specs: Sequence[tf.TensorSpec]) -> int:
    """Return the number of bytes of a row of these tensors."""
    return sum(spec.shape.num_elements() * spec.dtype.size for spec in specs)


def row_id(content: str, view: int, store: CachedFeatures) -> bytes:
    """Return the id of an example's row in a store; `content` is the hash of its content."""
    return loader.row_id(content, None if store.variant == NOT_AUGMENTED else view)


def describe_store(
    session: Session, stages: Sequence[Stage], store: CachedFeatures, bucket: int | None = None
) -> dict[str, Any]:
    """Return the description of a store for listings; its cut has the names of what its rows hold."""
    if store.stages:
        cut = " + ".join(store.stages[-1][place] for place in find_places(stages, store))
    else:
        cut = f"decoded {DECODED[session.backbone.input.modality]}"
    return {
        "backbone": session.backbone.name if store.stages else "",
        "cut": cut,
        "image_size": list(session.backbone.input.image_size),
        "length": session.loader.tokens(bucket),
        "views": store.variant != NOT_AUGMENTED,
        "data": session.source.info.name,
    }


def structure_hash(model: keras.Model) -> str:
    """Return a SHA-256 over the layers of a model and their connections.

    The name of the model and those of its inputs are left out, since Keras counts them up. The names of layers are in,
    since variables are known by them. Whether layers are trainable is left out: in a frozen part none is trained.
    """
    document = _without_trainable(model.get_config())
    document["name"] = ""
    text = json.dumps(document, sort_keys=True, default=str)
    inputs = [layer for layer in model.layers if isinstance(layer, keras.layers.InputLayer)]
    for number, layer in enumerate(inputs):
        text = text.replace(f'"{layer.name}"', f'"input {number}"')
    return hashlib.sha256(text.encode()).hexdigest()


def _without_trainable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_trainable(item) for key, item in value.items() if key != "trainable"}
    return [_without_trainable(item) for item in value] if isinstance(value, list | tuple) else value


def _find_device(session: Session) -> dict[str, Any]:
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
        return {"device": sorted({str(each.get("device_name")) for each in details})}
    if session.devices.kind == "tpu":
        return {"device": "TPU"}
    return {"device": _read_processor(), "cores": os.cpu_count()}


@functools.cache
def _read_processor() -> str:
    """Return the model of the processor, since kernels and the last bits of results differ between models."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = {line.partition(":")[2].strip() for line in file if line.startswith(("model name", "CPU part"))}
    except OSError:
        names = set()
    return " ".join(sorted(names)) or platform.processor() or platform.machine()
