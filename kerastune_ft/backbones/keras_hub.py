"""Backbones of keras-hub: presets by name or directory, and classes with random weights."""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import keras_hub

from kerastune_ft.backbones import hub_presets, hub_text
from kerastune_ft.backbones.base import Backbone, Transfer
from kerastune_ft.backbones.hub_units import units_of
from kerastune_ft.backbones.text_input import DEFAULT_LENGTH, TextInput, byte_tokens, special_tokens
from kerastune_ft.config.backbones import KerasHub
from kerastune_ft.config.hub_families import BYTES, HUB_FAMILIES, HubFamily
from kerastune_ft.errors import ConfigError

_VOCABULARY = ("vocabulary_size", "vocab_size")


def build(options: KerasHub) -> Backbone:
    """Build a backbone with the weights of its preset, or of its class with random ones."""
    return _of_class(options) if options.preset is None else _of_preset(options, options.preset, load_weights=True)


def outline(options: KerasHub) -> Backbone:
    """Build a backbone for its units alone: no weights are read."""
    return _of_class(options) if options.preset is None else _of_preset(options, options.preset, load_weights=False)


def _of_class(options: KerasHub) -> Backbone:
    name = str(options.class_name)
    family = HUB_FAMILIES[name]
    given = {**family.small, **options.options}
    body = _constructed(name, given)
    transfer = Transfer("random", None, 0)
    backbone = _divided(body, name, family, transfer)
    size = int(next(given[key] for key in _VOCABULARY if key in given))
    if size < BYTES:
        raise ConfigError(
            f"backbone.options.vocabulary_size: {size} is too small; the tokens of a model of random weights are the "
            f"{BYTES} bytes"
        )
    tokenizer = keras_hub.tokenizers.ByteTokenizer(lowercase=False)
    return replace(backbone, text=_text_input(body, tokenizer, byte_tokens(family.packing), None))


def _of_preset(options: KerasHub, preset: str, load_weights: bool) -> Backbone:
    handle = hub_presets.located(preset, keras_hub.models.Backbone.presets)
    try:
        with _quiet():
            body = keras_hub.models.Backbone.from_preset(handle, load_weights=load_weights, dtype="float32")
    except Exception as error:
        raise hub_presets.refused(preset, handle, error) from error
    name = type(body).__name__
    if name not in HUB_FAMILIES:
        raise ConfigError(
            f"backbone.preset: {preset} is a {name}, which this version has no units for; the classes it has them for "
            "are listed by: python -m kerastune_ft backbones"
        )
    family, directory = HUB_FAMILIES[name], Path(handle)
    is_local = directory.is_dir()
    backbone = _divided(body, name, family, Transfer(preset, None, 0))
    transfer = Transfer(
        directory.name if is_local else preset,
        hub_presets.content_hash(directory) if is_local and load_weights else None,
        len(backbone.variables),
    )
    backbone = replace(backbone, name=directory.name if is_local else preset, transfer=transfer)
    try:
        with _quiet():
            tokenizer = keras_hub.tokenizers.Tokenizer.from_preset(handle)
    except Exception as error:
        raise ConfigError(
            f"backbone.preset: {preset} has no tokenizer that can be read "
            f"({next(iter(str(error).splitlines()), '')}); is the directory complete?"
        ) from error
    length = hub_presets.sequence_length(directory) if is_local else None
    return replace(backbone, text=_text_input(body, tokenizer, special_tokens(tokenizer, family.packing), length))


def _divided(body: keras.Model, name: str, family: HubFamily, transfer: Transfer) -> Backbone:
    model = hub_text.encoder(body)
    return Backbone(name, model, units_of(model, family), (0, 0), "tokens", transfer, modality="text")


def _text_input(body: keras.Model, tokenizer: Any, special: Mapping[str, Any], length: int | None) -> TextInput:
    maximum = getattr(body, "max_sequence_length", None)
    default = min(length or DEFAULT_LENGTH, maximum or DEFAULT_LENGTH)
    return TextInput(tokenizer, hub_text.names(body), maximum_length=maximum, default_length=default, **special)


def _constructed(name: str, options: Mapping[str, Any]) -> keras.Model:
    try:
        with _quiet():
            return getattr(keras_hub.models, name)(**options, dtype="float32")
    except (ValueError, TypeError) as error:
        why = next(iter(str(error).splitlines()), type(error).__name__)
        raise ConfigError(f"backbone.options: keras_hub.models.{name} refuses: {why}") from error


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep standard output, which carries results here, and warnings about the building of layers away."""
    with contextlib.redirect_stdout(sys.stderr), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield
