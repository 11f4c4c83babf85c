"""Backbones of keras-hub: presets by name or directory, and classes with random weights."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import keras
import keras_hub

from kerastune_ft.backbones.base import Backbone, Transfer
from kerastune_ft.backbones.hub import audio, language, presets, speech, vision
from kerastune_ft.backbones.hub import text as hub_text
from kerastune_ft.backbones.hub.units import units_of
from kerastune_ft.backbones.inputs import BackboneInput, ImageInput, SoundInput, SoundLengths
from kerastune_ft.backbones.language.generator import Generator, pair_variables, require_task
from kerastune_ft.backbones.language.language_input import LanguageInput
from kerastune_ft.backbones.language.pair_input import PAIR_NAMES, PairInput
from kerastune_ft.backbones.speech.speech_input import SpeechInput
from kerastune_ft.backbones.text_input import (
    DEFAULT_LENGTH,
    TextInput,
    byte_tokens,
    name_byte_tokens,
    name_tokens,
    special_tokens,
)
from kerastune_ft.config.facts.hub_families import BYTES, HUB_FAMILIES, NO_OPTIONS, SINCE, HubFamily
from kerastune_ft.config.options.backbones import KerasHub
from kerastune_ft.config.words import unknown_message
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph.memory.keras_memory import late_values
from kerastune_ft.graph.naming import name_by_layer
from kerastune_ft.graph.units import Unit
from kerastune_ft.quiet_imports import without_remarks_of_sentence_piece, without_warnings_of_keras
from kerastune_ft.streams import error_stream

# Seconds of sound for a graph of speech that is built for its units alone.
_USUAL_SECONDS = 4
# How classes write that have an encoder beside what writes, and can go without a decoder.
_WITH_DECODER = frozenset(("pair", "speech"))
_VOCABULARY = ("vocabulary_size", "vocab_size")


def build(options: KerasHub) -> Backbone:
    """Build a backbone with the weights of its preset, or of its class with random ones."""
    if options.preset is None:
        return _build_source(_open_class(options))
    return _build_preset(options, options.preset, load_weights=True)


def build_writer(options: KerasHub) -> Backbone:
    """Build a backbone that writes texts, with the matrix of its vocabulary.

    Raises ConfigError for one that only reads them.
    """
    return make_writer(open_source(options))


def open_source(options: KerasHub, load_weights: bool = True) -> Source:
    """Open the backbone that options name."""
    return _open_class(options) if options.preset is None else _open_preset(options, options.preset, load_weights)


def make_writer(source: Source, given: Any = None) -> Backbone:
    """Return the backbone of an opened model that writes texts; raise ConfigError for one that only reads them.

    `given` is its input, where the source does not say it.
    """
    if not source.family.writes:
        raise ConfigError(
            f"backbone: {source.name} is a {type(source.body).__name__}, which reads texts and writes none; write a "
            "model that does, as GPT2Backbone"
        )
    require_task(source.body)
    made = _WRITERS[source.family.writes](source, given)
    return replace(made, transfer=replace(source.transfer, loaded=len(made.variables) if source.preset else 0))


def _make_language_writer(source: Source, given: Any) -> Backbone:
    model, vocabulary = language.writer_graph(source.body, source.family)
    name_by_layer(model)
    units = language.writer_units(model, source.family)
    pairs = pair_variables(source.body, model, language.name_copies(source.body, model))
    return Backbone(
        source.name,
        model,
        units,
        given or _WRITER_INPUTS[source.family.writes](source),
        "tokens",
        source.transfer,
        vocabulary=vocabulary,
        generator=Generator(source.body, pairs),
    )


def _make_speech_writer(source: Source, given: Any) -> Backbone:
    body = source.body
    rate, own, lengths = speech.open_transcriber(body, source.load_part(keras_hub.layers.AudioConverter))
    # For its units; the data decide the length.
    model, units = lengths.build(min(own or lengths.most, _USUAL_SECONDS * rate))
    name_by_layer(model)
    return Backbone(
        source.name,
        model,
        units,
        replace(given or _speech_input(source, own), sample_rate=rate, lengths=lengths),
        "samples and tokens",
        source.transfer,
        vocabulary=speech.vocabulary(body),
        generator=Generator(body, speech.match_variables(body, model)),
    )


def _speech_input(source: Source, own: int | None) -> SpeechInput:
    """Return the tokenizer and special tokens of a preset, made for `own` samples; without one tokens are bytes."""
    tokenizer = speech.load_tokenizer(source.body, source.load_part)
    if tokenizer is None:
        _check_vocabulary(source.options)
    return speech.make_input(source.body, tokenizer, own)


def outline(options: KerasHub) -> Backbone:
    """Build a backbone for its units alone: no weights are read, and random ones get no values."""
    return outline_writer(options, writes=False)


def outline_writer(options: KerasHub, writes: bool | None) -> Backbone:
    """Build a backbone that `writes` texts, or does not, for its units alone; None: one with a decoder for it does."""
    with keras.StatelessScope(initialize_variables=False):
        source = _open_class(options) if options.preset is None else _open_preset(options, options.preset, False)
        is_whole = source.family.writes in _WITH_DECODER if writes is None else writes
        return make_writer(source) if is_whole else _build_source(source)


@dataclass(frozen=True)
class Source:
    """A backbone of keras-hub, and the preset or the options it was made from."""

    body: keras.Model
    name: str
    family: HubFamily
    transfer: Transfer
    options: Mapping[str, Any] = field(default_factory=dict)
    """The options of its class; empty for a preset."""
    preset: str | None = None
    handle: str = ""
    """The directory or the handle of the preset."""

    @property
    def directory(self) -> Path | None:
        """Return the directory of the preset, if it is on this machine."""
        return Path(self.handle) if self.preset is not None and Path(self.handle).is_dir() else None

    def load_part(self, kind: Any) -> Any:
        """Return the tokenizer, or the converter of images or sounds, of the preset; None without a preset."""
        if self.preset is None:
            return None
        try:
            with _quiet(), without_remarks_of_sentence_piece():
                return kind.from_preset(self.handle)
        except Exception as error:
            raise ConfigError(
                f"backbone.preset: {self.preset} has no {kind.__name__} that can be read ({_first_line(error)}); is "
                "the directory complete?"
            ) from error


def build_with_body(options: KerasHub) -> tuple[Backbone, keras.Model, str | None]:
    """Return what `build` does, keras-hub's own model whose variables it shares, and the preset's directory or handle.

    The last is None for a class.
    """
    source = open_source(options)
    return _build_source(source), source.body, source.handle or None


def _open_class(options: KerasHub) -> Source:
    name = str(options.class_name)
    require_class(name, "backbone.class")
    family = HUB_FAMILIES[name]
    check_options(name, options.options)
    given = {**family.small, **options.options}
    if options.image_size is not None:
        given["input_shape" if "input_shape" in family.small else "image_shape"] = (*options.image_size, 3)
    return Source(_construct(name, given), name, family, Transfer("random", None, 0), given)


def require_class(name: str, key: str) -> None:
    """Raise ConfigError, which begins with `key`, for a class that the installed keras-hub lacks.

    It names the version that has the class, where one is known.
    """
    if hasattr(keras_hub.models, name):
        return
    known = SINCE.get(name)
    remedy = f'version {known} has it: python -m pip install "keras-hub>={known}"' if known else "write another class"
    raise ConfigError(f"{key}: the keras-hub {keras_hub.__version__} here has no {name}; {remedy}")


def _build_preset(options: KerasHub, preset: str, load_weights: bool) -> Backbone:
    source = _open_preset(options, preset, load_weights)
    backbone = _build_source(source)
    return replace(backbone, transfer=replace(source.transfer, loaded=len(backbone.variables)))


def _open_preset(options: KerasHub, preset: str, load_weights: bool) -> Source:
    handle = presets.locate(preset, keras_hub.models.Backbone.presets)
    directory = Path(handle) if Path(handle).is_dir() else None
    if directory and (name := presets.class_name(directory)) in HUB_FAMILIES:
        require_class(name, f"backbone.preset: {preset}")
    body = _load_preset(options, preset, handle, load_weights)
    kind = type(body).__name__
    if kind not in HUB_FAMILIES:
        raise ConfigError(
            f"backbone.preset: {preset} is a {kind}, which this version has no units for; the classes it has them for "
            "are listed by: python -m kerastune_ft backbones"
        )
    family = HUB_FAMILIES[kind]
    if options.image_size is not None and family.modality not in _SIZED:
        raise ConfigError(f"backbone.image_size: {preset} takes no images; remove it")
    name = directory.name if directory else preset
    digest = presets.content_hash(directory) if directory and load_weights else None
    transfer = Transfer(name, digest, 0)
    return Source(body, name, family, transfer, preset=preset, handle=handle)


def _build_source(source: Source) -> Backbone:
    return _BY_MODALITY[source.family.modality](source)


def _load_preset(options: KerasHub, preset: str, handle: str, load_weights: bool) -> keras.Model:
    size = {} if options.image_size is None else {"image_shape": (*options.image_size, 3)}
    try:
        # To draw large values that those of the preset replace at once takes half of the time, and memory that stays.
        with _quiet(), late_values() if load_weights else contextlib.nullcontext():
            return keras_hub.models.Backbone.from_preset(handle, load_weights=load_weights, dtype="float32", **size)
    except Exception as error:
        if options.image_size is not None:
            raise ConfigError(
                f"backbone.image_size: {preset} cannot be built for {options.image_size[0]} x {options.image_size[1]} "
                f"pixels ({_first_line(error)}); remove it to take the preset's own size"
            ) from error
        raise presets.explain_refusal(preset, handle, error) from error


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _text_backbone(source: Source) -> Backbone:
    model = hub_text.encoder(source.body)
    units = units_of(model, source.family)
    body = find_shared_body(source.body, model)
    return Backbone(source.name, model, units, read_text_input(source), "tokens", source.transfer, body=body)


def read_text_input(source: Source, kind: type[TextInput] = TextInput) -> TextInput:
    """Return the tokenizer and special tokens of a preset; without one tokens are bytes."""
    packing, tokenizer = source.family.packing, _open_tokenizer(source)
    special = byte_tokens(packing) if source.preset is None else special_tokens(tokenizer, packing)
    return kind(tokenizer, hub_text.names(source.body), **_lengths(source), **special)


def _pair_input(source: Source) -> PairInput:
    """Return the tokenizer and special tokens of an encoder-decoder model; without a preset tokens are bytes."""
    tokenizer, rows = _open_tokenizer(source), source.family.rows
    assert rows is not None
    known = name_byte_tokens() if source.preset is None else name_tokens(tokenizer)
    separator = (
        special_tokens(tokenizer, source.family.packing) if source.preset else byte_tokens(source.family.packing)
    )
    start, end, decoder = (tuple(known[name] for name in own) for own in (rows.before, rows.after, rows.decoder))
    return PairInput(
        tokenizer,
        PAIR_NAMES,
        start,
        separator["separator"],
        end,
        known.get("pad", 0),
        **_lengths(source),
        decoder_start=decoder,
        decoder_end=(known["end"],),
    )


def _open_tokenizer(source: Source) -> Any:
    """Return the tokenizer of a preset, or that of bytes."""
    tokenizer = source.load_part(keras_hub.tokenizers.Tokenizer)
    if tokenizer is not None:
        return tokenizer
    _check_vocabulary(source.options)
    return keras_hub.tokenizers.ByteTokenizer(lowercase=False)


def _lengths(source: Source) -> dict[str, Any]:
    """Return the longest row that a model has positions for, and that of its preset's preprocessor."""
    length = presets.sequence_length(source.directory) if source.directory else None
    maximum = getattr(source.body, "max_sequence_length", None)
    default = min(length or DEFAULT_LENGTH, maximum or DEFAULT_LENGTH)
    return {"maximum_length": maximum, "default_length": default}


_WRITER_INPUTS: Mapping[str, Callable[[Source], BackboneInput]] = MappingProxyType(
    {"decoder": lambda source: read_text_input(source, LanguageInput), "pair": _pair_input}
)


def _check_vocabulary(options: Mapping[str, Any]) -> None:
    size = int(next(options[key] for key in _VOCABULARY if key in options))
    if size < BYTES:
        raise ConfigError(
            f"backbone.options.vocabulary_size: {size} is too small; the tokens of a model of random weights are the "
            f"{BYTES} bytes"
        )


def _image_backbone(source: Source) -> Backbone:
    converter, family, body = source.load_part(keras_hub.layers.ImageConverter), source.family, source.body
    if family.vision_encoder:
        body = getattr(body, family.vision_encoder)
    size = vision.own_size(body, converter)
    if family.squares_only and size[0] != size[1]:
        raise ConfigError(
            f"backbone.image_size: {type(body).__name__} of keras-hub takes the positions of any image for those of a "
            f"square, and not of {size[0]} x {size[1]} pixels; write one number"
        )
    model = vision.encoder(body, size, converter)
    return Backbone(
        source.name,
        model,
        units_of(model, family),
        ImageInput(size),
        vision.describe(converter),
        source.transfer,
        prefix_tokens=vision.prefix_tokens(body, family),
        body=find_shared_body(body, model),
    )


def _sound_backbone(source: Source) -> Backbone:
    encoder = audio.audio_encoder(source.body, source.load_part(keras_hub.layers.AudioConverter))

    def build_length(samples: int) -> tuple[keras.Model, tuple[Unit, ...]]:
        model = encoder.encoder(samples)
        return model, units_of(model, source.family)

    model, units = build_length(encoder.usual)
    lengths = SoundLengths(encoder.fewest, encoder.most, build_length)
    return Backbone(
        source.name, model, units, SoundInput(encoder.sample_rate, lengths=lengths), "samples", source.transfer
    )


_WRITERS: Mapping[str, Callable[[Source, Any], Backbone]] = MappingProxyType(
    {"decoder": _make_language_writer, "pair": _make_language_writer, "speech": _make_speech_writer}
)
_BY_MODALITY: Mapping[str, Callable[[Source], Backbone]] = MappingProxyType(
    {"text": _text_backbone, "image": _image_backbone, "audio": _sound_backbone}
)
_SIZED = (ImageInput.modality,)


def find_shared_body(body: keras.Model, model: keras.Model) -> keras.Model | None:
    """Return a backbone of keras-hub if all its variables are in a model made of it; others would take memory twice."""
    shared = {id(variable) for variable in model.variables}
    return body if shared.issuperset(map(id, body.variables)) else None


def check_options(name: str, options: Mapping[str, Any]) -> None:
    """Raise ConfigError for options that a class does not take, which it would ignore silently."""
    # Of the class itself some versions of Python return the signature that Keras gives to models made before.
    _, *parameters = inspect.signature(getattr(keras_hub.models, name).__init__).parameters.values()
    own = [one.name for one in parameters if one.kind is not one.VAR_KEYWORD and one.name not in NO_OPTIONS]
    if strange := [option for option in options if option not in own]:
        raise ConfigError(
            "\n".join(
                f"backbone.options.{option}: {name}: {unknown_message(option, own, 'key')[0]}" for option in strange
            )
        )


def _construct(name: str, options: Mapping[str, Any]) -> keras.Model:
    try:
        with _quiet():
            return getattr(keras_hub.models, name)(**options, dtype="float32")
    except Exception as error:
        raise ConfigError(f"backbone.options: keras_hub.models.{name} refuses: {_first_line(error)}") from error


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Send standard output, which carries results, to standard error, and hide warnings of Keras."""
    with contextlib.redirect_stdout(error_stream()), without_warnings_of_keras():
        yield
