"""Backbones that find hidden words: models like BERT of keras-hub, and those of earlier runs that found such words."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, cast

import keras
import keras_hub

from kerastune_ft.backbones import run as earlier_run
from kerastune_ft.backbones.base import Backbone
from kerastune_ft.backbones.hub import presets
from kerastune_ft.backbones.hub import text as hub_text
from kerastune_ft.backbones.hub.units import units_of
from kerastune_ft.backbones.keras_hub import Source, find_shared_body, open_source, read_text_input
from kerastune_ft.backbones.language.masked_head import DENSE, NORM, MaskedVocabulary, read_head
from kerastune_ft.backbones.language.masked_input import MaskedInput
from kerastune_ft.backbones.text_input import TextInput
from kerastune_ft.config.facts.hub_families import HUB_FAMILIES
from kerastune_ft.config.options.backbones import EarlierRun
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph import keras_private
from kerastune_ft.quiet_imports import without_warnings_of_keras
from kerastune_ft.rundir import RunDirectory

_EMBEDDINGS = "token_embedding"
_NEW_HEAD = (
    "the preset has no head that finds hidden words: the dense layer, normalisation and bias before its embeddings are "
    "new, and the loss before the first phase is theirs"
)


def build(options: Any) -> Backbone:
    """Build the backbone that `options` describe, with a head that finds hidden words.

    Raises ConfigError for one that has none.
    """
    if options.kind not in _KINDS:
        raise ConfigError(
            f'backbone.kind: {options.kind} has no models that find hidden words; write "keras_hub", with a preset or '
            'a class as "BertBackbone"'
        )
    return _KINDS[options.kind](options)


def _build_hub(options: Any) -> Backbone:
    source = open_source(options)
    if not source.family.masks:
        raise ConfigError(
            f"backbone: {source.name} is a {type(source.body).__name__}, which finds no hidden words; write a model "
            f"that does: {', '.join(name for name, family in HUB_FAMILIES.items() if family.masks)}"
        )
    model = hub_text.encoder(source.body, True, TAKEN_APART)
    task, is_new = _make_task(source)
    given = MaskedInput.of(read_text_input(source))
    _ = given.mask
    return Backbone(
        source.name,
        model,
        units_of(model, source.family),
        given,
        "tokens",
        replace(source.transfer, loaded=len(model.variables) if source.preset else 0),
        notes=(_NEW_HEAD,) if is_new and source.preset else (),
        body=find_shared_body(source.body, model),
        vocabulary=read_head(source.body.token_embedding, task),
    )


def _make_task(source: Source) -> tuple[keras.Model, bool]:
    """Return keras-hub's model that finds hidden words, and whether its head is new: few presets have one."""
    kind = getattr(keras_hub.models, type(source.body).__name__.replace("Backbone", "MaskedLM"))
    with without_warnings_of_keras():
        if source.directory is None or presets.task_name(source.directory) != kind.__name__:
            return kind(backbone=source.body), True
        return kind.from_preset(source.handle, dtype="float32", preprocessor=None), False


def _build_run(options: EarlierRun) -> Backbone:
    """Build the backbone of an earlier run that found hidden words, to go on with other texts.

    With `"head": "keep"` the weights of its head come along.
    """
    if not earlier_run.plan_of(options).get("masked"):
        raise ConfigError(
            f"backbone.path: {earlier_run.written_path(options)} is a run of another task; give a run of masked_lm, or "
            "the preset or class that it began with"
        )
    made = earlier_run.build(options)
    leaves = keras_private.leaf_layers(made.model)
    embeddings = next(layer for path, layer in leaves.items() if path.split("/")[-1] == _EMBEDDINGS)
    activation, epsilon = _read_head_options(RunDirectory(options.path))
    return replace(
        made,
        input=MaskedInput.of(cast(TextInput, made.input)),
        vocabulary=MaskedVocabulary(embeddings, activation=activation, epsilon=epsilon),
    )


def _read_head_options(run: RunDirectory) -> tuple[Any, float]:
    """Return the activation and the epsilon of a run's head, as its saved model has them, without its weights."""
    found: dict[str, Mapping[str, Any]] = {}

    def walk(value: Any) -> None:
        if isinstance(value, Mapping):
            options = value.get("config")
            if isinstance(options, Mapping) and options.get("name") in (DENSE, NORM):
                found[str(options["name"])] = options
        for each in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
            walk(each)

    with zipfile.ZipFile(io.BytesIO(run.read_bytes(earlier_run.MODEL))) as file:
        walk(json.loads(file.read("config.json")))
    return keras.activations.deserialize(found[DENSE]["activation"]), float(found[NORM]["epsilon"])


def _take_apart(layer: Any, call: Callable[..., Any], tokens: Any) -> Any:
    """Return embedded tokens with their places, by the parts of a layer that has both.

    The embeddings of tokens are used again by the head, and Keras saves one use of a part by itself as another layer.
    """
    embedded = keras.layers.Identity(name=f"{_EMBEDDINGS}_embedded")(layer.token_embedding(tokens))
    return keras.layers.Add(name="embeddings_added")([embedded, layer.position_embedding(embedded)])


TAKEN_APART: Mapping[str, Callable[..., Any]] = MappingProxyType({"TokenAndPositionEmbedding": _take_apart})
"""What is called in the place of layers that have embeddings inside, by their class; see `blocks.replay`."""
_KINDS: Mapping[str, Callable[[Any], Backbone]] = MappingProxyType({"keras_hub": _build_hub, "run": _build_run})
