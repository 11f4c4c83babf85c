"""Backbones of keras-hub: presets by name or directory, and classes with random weights."""

from __future__ import annotations

import contextlib
import inspect
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import keras_hub

from kerastune_ft.backbones.base import Backbone, Transfer
from kerastune_ft.backbones.hub import audio, presets, vision
from kerastune_ft.backbones.hub import text as hub_text
from kerastune_ft.backbones.hub.units import units_of
from kerastune_ft.backbones.inputs import ImageInput, SoundInput, SoundLengths
from kerastune_ft.backbones.text_input import DEFAULT_LENGTH, TextInput, byte_tokens, special_tokens
from kerastune_ft.config.facts.hub_families import BYTES, HUB_FAMILIES, NO_OPTIONS, HubFamily
from kerastune_ft.config.options.backbones import KerasHub
from kerastune_ft.config.words import unknown_message
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph.units import Unit
from kerastune_ft.quiet_imports import without_warnings_of_keras

_VOCABULARY = ("vocabulary_size", "vocab_size")


def build(options: KerasHub) -> Backbone:
    """Build a backbone with the weights of its preset, or of its class with random ones."""
    return _of_class(options) if options.preset is None else _of_preset(options, options.preset, load_weights=True)


def outline(options: KerasHub) -> Backbone:
    """Build a backbone for its units alone: no weights are read, and random ones get no values."""
    with keras.StatelessScope(initialize_variables=False):
        return _of_class(options) if options.preset is None else _of_preset(options, options.preset, load_weights=False)


def _of_class(options: KerasHub) -> Backbone:
    name = str(options.class_name)
    family = HUB_FAMILIES[name]
    check_options(name, options.options)
    given = {**family.small, **options.options}
    if options.image_size is not None:
        given["input_shape" if "input_shape" in family.small else "image_shape"] = (*options.image_size, 3)
    body = _constructed(name, given)
    transfer = Transfer("random", None, 0)
    if family.modality == "image":
        return _of_images(body, name, family, None, transfer)
    if family.modality == "audio":
        return _of_sounds(body, name, family, None, transfer)
    size = int(next(given[key] for key in _VOCABULARY if key in given))
    if size < BYTES:
        raise ConfigError(
            f"backbone.options.vocabulary_size: {size} is too small; the tokens of a model of random weights are the "
            f"{BYTES} bytes"
        )
    tokenizer = keras_hub.tokenizers.ByteTokenizer(lowercase=False)
    return _of_text(body, name, family, _text_input(body, tokenizer, byte_tokens(family.packing), None), transfer)


def _of_preset(options: KerasHub, preset: str, load_weights: bool) -> Backbone:
    handle = presets.located(preset, keras_hub.models.Backbone.presets)
    directory = Path(handle) if Path(handle).is_dir() else None
    body = _loaded(options, preset, handle, load_weights)
    kind = type(body).__name__
    if kind not in HUB_FAMILIES:
        raise ConfigError(
            f"backbone.preset: {preset} is a {kind}, which this version has no units for; the classes it has them for "
            "are listed by: python -m kerastune_ft backbones"
        )
    family = HUB_FAMILIES[kind]
    if options.image_size is not None and family.modality != "image":
        raise ConfigError(f"backbone.image_size: {preset} takes no images; remove it")
    name = directory.name if directory else preset
    digest = presets.content_hash(directory) if directory and load_weights else None
    transfer = Transfer(name, digest, 0)
    if family.modality == "image":
        converter = _part(keras_hub.layers.ImageConverter, preset, handle)
        backbone = _of_images(body, name, family, converter, transfer)
    elif family.modality == "audio":
        converter = _part(keras_hub.layers.AudioConverter, preset, handle)
        backbone = _of_sounds(body, name, family, converter, transfer)
    else:
        tokenizer = _part(keras_hub.tokenizers.Tokenizer, preset, handle)
        length = presets.sequence_length(directory) if directory else None
        text = _text_input(body, tokenizer, special_tokens(tokenizer, family.packing), length)
        backbone = _of_text(body, name, family, text, transfer)
    return replace(backbone, transfer=replace(transfer, loaded=len(backbone.variables)))


def _loaded(options: KerasHub, preset: str, handle: str, load_weights: bool) -> keras.Model:
    size = {} if options.image_size is None else {"image_shape": (*options.image_size, 3)}
    try:
        with _quiet():
            return keras_hub.models.Backbone.from_preset(handle, load_weights=load_weights, dtype="float32", **size)
    except Exception as error:
        if options.image_size is not None:
            raise ConfigError(
                f"backbone.image_size: {preset} cannot be built for {options.image_size[0]} x {options.image_size[1]} "
                f"pixels ({_first_line(error)}); remove it to take the preset's own size"
            ) from error
        raise presets.refused(preset, handle, error) from error


def _part(kind: Any, preset: str, handle: str) -> Any:
    """Return the tokenizer, or the converter of images or sounds, of a preset."""
    try:
        with _quiet():
            return kind.from_preset(handle)
    except Exception as error:
        raise ConfigError(
            f"backbone.preset: {preset} has no {kind.__name__} that can be read ({_first_line(error)}); is the "
            "directory complete?"
        ) from error


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _of_text(body: keras.Model, name: str, family: HubFamily, text: TextInput, transfer: Transfer) -> Backbone:
    model = hub_text.encoder(body)
    units = units_of(model, family)
    return Backbone(name, model, units, text, "tokens", transfer, body=_shared_body(body, model))


def _of_images(body: keras.Model, name: str, family: HubFamily, converter: Any, transfer: Transfer) -> Backbone:
    if family.vision_encoder:
        body = getattr(body, family.vision_encoder)
    size = vision.own_size(body, converter)
    model = vision.encoder(body, size, converter)
    return Backbone(
        name,
        model,
        units_of(model, family),
        ImageInput(size),
        vision.described(converter),
        transfer,
        prefix_tokens=vision.prefix_tokens(body, family),
        body=_shared_body(body, model),
    )


def _shared_body(body: keras.Model, model: keras.Model) -> keras.Model | None:
    """Return a backbone of keras-hub if all its variables are in a model made of it; others would take memory twice."""
    shared = {id(variable) for variable in model.variables}
    return body if shared.issuperset(map(id, body.variables)) else None


def _of_sounds(body: keras.Model, name: str, family: HubFamily, converter: Any, transfer: Transfer) -> Backbone:
    ear = audio.ear(body, converter)

    def of(samples: int) -> tuple[keras.Model, tuple[Unit, ...]]:
        model = ear.encoder(samples)
        return model, units_of(model, family)

    model, units = of(ear.usual)
    sounds = SoundInput(ear.sample_rate, lengths=SoundLengths(ear.fewest, ear.most, of))
    return Backbone(name, model, units, sounds, "samples", transfer)


def _text_input(body: keras.Model, tokenizer: Any, special: Mapping[str, Any], length: int | None) -> TextInput:
    maximum = getattr(body, "max_sequence_length", None)
    default = min(length or DEFAULT_LENGTH, maximum or DEFAULT_LENGTH)
    return TextInput(tokenizer, hub_text.names(body), maximum_length=maximum, default_length=default, **special)


def check_options(name: str, options: Mapping[str, Any]) -> None:
    """Raise ConfigError for options that a class does not take: it leaves them out itself, and says nothing."""
    parameters = inspect.signature(getattr(keras_hub.models, name)).parameters.values()
    own = [one.name for one in parameters if one.kind is not one.VAR_KEYWORD and one.name not in NO_OPTIONS]
    if unheard := [option for option in options if option not in own]:
        raise ConfigError(
            "\n".join(
                f"backbone.options.{option}: {name}: {unknown_message(option, own, 'key')[0]}" for option in unheard
            )
        )


def _constructed(name: str, options: Mapping[str, Any]) -> keras.Model:
    try:
        with _quiet():
            return getattr(keras_hub.models, name)(**options, dtype="float32")
    except Exception as error:
        raise ConfigError(f"backbone.options: keras_hub.models.{name} refuses: {_first_line(error)}") from error


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep standard output, which carries results here, and warnings about the building of layers away."""
    with contextlib.redirect_stdout(sys.stderr), without_warnings_of_keras():
        yield
