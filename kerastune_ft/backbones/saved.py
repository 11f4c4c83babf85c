"""A user's own model from a `.keras` file: Functional or Sequential, read without running code that came with it."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path
from typing import Any

import keras

from kerastune_ft.backbones import feature_layer, input_range
from kerastune_ft.backbones.audio_front_end import OWN_NAMES as SOUND_NAMES
from kerastune_ft.backbones.base import Backbone, Transfer
from kerastune_ft.backbones.inputs import ImageInput, SoundInput
from kerastune_ft.config.options.backbones import InputScale, Saved
from kerastune_ft.config.options.spectrograms import LogMel
from kerastune_ft.config.words import right_value
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph.depth import units_by_depth
from kerastune_ft.graph.rebuild.flat import FlatCopy, NotRebuilt, is_graph
from kerastune_ft.keras_file import describe_missing_class, describe_newer
from kerastune_ft.quiet_imports import without_remarks_of_sentence_piece, without_warnings_of_keras
from kerastune_ft.storage import as_local_file, path_of

# The names of the layers that this package puts before and after the model.
_RESERVED = (
    *input_range.OWN_NAMES,
    *SOUND_NAMES,
    *("head_pooling", "head_dropout", "head_output"),
    *(f"head_hidden_{number}{kind}" for number in range(1, 10) for kind in ("", "_dropout")),
)
_AUGMENTING = ("AugMix", "CutMix", "MixUp", "RandAugment")
_RANKS = (2, 3, 4)
_SHOWN = 8
# The side of images for a model that takes any size, where only its units are asked for.
_ANY_SIDE = 224
# So wide that a model that rescales 16 bits to 1 is not taken for one whose pixels are rescaled twice.
_ANY_RANGE = InputScale(scale=256.0)


def build(options: Saved) -> Backbone:
    """Build the part of a saved model up to the features the head gets, its input range in front."""
    path = path_of(options.path)
    content = _read_content(path)
    model = load(path, "backbone.path")
    size, channels = _image_input(model, options, path.name)
    log_mel, given = _log_mel(options, size, channels, path.name), options.input
    pixels = None if hasattr(given, "log_mel") else given
    images = keras.Input((*size, 3 if log_mel is None else 1), name="image", dtype="float32")
    front = images if log_mel is not None else input_range.to_input_range(images, pixels, channels)
    try:
        copy = FlatCopy(model, front, reserved=_RESERVED, skipped=_is_augmenting)
    except NotRebuilt as error:
        raise ConfigError(f"backbone.path: {path.name} has a layer that cannot be made again, {error}") from error
    name, tensor = _features(images, copy, options, path.name)
    body = keras.Model(images, tensor, name="saved")
    if log_mel is None:
        input_range.check_input_range(body, pixels, path.name)
    units = units_by_depth(body)
    transfer = Transfer(path.name, hashlib.sha256(content).hexdigest(), sum(len(unit.variables) for unit in units))
    notes = _notes(images, copy, name, tensor, path.name)
    if log_mel is not None:
        return Backbone(path.stem, body, units, SoundInput(log_mel=log_mel), "log-mel", transfer, notes)
    return Backbone(path.stem, body, units, ImageInput(size), input_range.describe(pixels), transfer, notes)


def outline(options: Saved) -> Backbone:
    """Build the backbone of a saved model for its units alone, which no range or size of images decides."""
    return build(_with_any_images(options))


def _with_any_images(options: Saved) -> Saved:
    """Return options with an image size and a range of pixels where they are left open."""
    path = path_of(options.path)
    filled: dict[str, Any] = {}
    if options.input is None:
        filled["input"] = _ANY_RANGE
    _read_content(path)
    shape = getattr(load(path, "backbone.path"), "input_shape", None)
    if options.image_size is None and isinstance(shape, tuple) and len(shape) == 4 and None in shape[1:3]:
        filled["image_size"] = tuple(side or _ANY_SIDE for side in shape[1:3])
    return options.model_copy(update=filled)


def load(path: Path, place: str) -> keras.Model:
    """Return the model in a `.keras` file, uncompiled; nothing in the file is executed.

    Raises ConfigError for a model whose graph cannot be read that way; `place` is the key that named the file.
    """
    try:
        with without_warnings_of_keras(), without_remarks_of_sentence_piece(), as_local_file(path) as file:
            model = keras.models.load_model(file, compile=False, safe_mode=True)
    except Exception as error:
        why = _find_newer(path) or _explain_failure(str(error))
        raise ConfigError(f"{place}: {path} cannot be opened: {why}") from error
    if not is_graph(model):
        raise ConfigError(
            f"{place}: {path.name} holds a {type(model).__name__}, whose call is Python code; make a Functional model "
            "of it, inputs = keras.Input(...); keras.Model(inputs, model.call(inputs)), and save that"
        )
    return model


def _find_newer(path: Path) -> str | None:
    with as_local_file(path) as file:
        return describe_newer(file)


def _explain_failure(error: str) -> str:
    first = error.strip().splitlines()[0] if error.strip() else "it holds nothing Keras can read"
    if "Lambda" in error and "unsafe" in error:
        return (
            "it has a Lambda layer, which is Python code and is not run from a file; write what it does with "
            "keras.ops or a stock layer, and save the model again"
        )
    if missing := describe_missing_class(error):
        return missing
    return f"{first}; does it open with Keras {keras.__version__}? Save it again with that"


def _read_content(path: Path) -> bytes:
    if not path.is_file():
        what = "is a directory" if path.is_dir() else "does not exist"
        raise ConfigError(f'backbone.path: {path} {what}; give the file that model.save("model.keras") wrote')
    content = path.read_bytes()
    if not zipfile.is_zipfile(io.BytesIO(content)):
        raise ConfigError(
            f"backbone.path: {path} is no .keras file, which is a zip archive; is the download complete? A model in "
            'another format is opened in Keras and written by model.save("model.keras")'
        )
    return content


def _image_input(model: keras.Model, options: Saved, name: str) -> tuple[tuple[int, int], int]:
    """Return height, width and channels of the model's one input."""
    try:
        inputs = model.inputs
    except (AttributeError, ValueError) as error:
        raise ConfigError(
            f"backbone.path: {name} has no input shape; give its first layer one by keras.Input and save it again"
        ) from error
    shapes = [tuple(one.shape[1:]) for one in inputs]
    if len(shapes) != 1 or len(shapes[0]) != 3 or shapes[0][2] not in (1, 3):
        listed = ", ".join(str(shape) for shape in shapes)
        raise ConfigError(
            f"backbone.path: {name} takes inputs of shape {listed}; give a model of one image input, "
            "(height, width, 3) or (height, width, 1)"
        )
    height, width, channels = shapes[0]
    return _size((height, width), options, name), int(channels)


def _size(own: tuple[int | None, int | None], options: Saved, name: str) -> tuple[int, int]:
    asked = options.image_size
    if asked is None:
        if None in own:
            raise ConfigError(f'backbone.image_size: {name} takes images of any size; choose one, as "image_size": 224')
        return int(own[0] or 0), int(own[1] or 0)
    if any(fixed not in (None, wanted) for fixed, wanted in zip(own, asked, strict=True)):
        raise ConfigError(
            f"backbone.image_size: {name} takes {own[0]} x {own[1]} pixels and no other, not {asked[0]} x {asked[1]}; "
            "remove it"
        )
    return asked


def _log_mel(options: Saved, size: tuple[int, int], channels: int, name: str) -> LogMel | None:
    """Return the spectrogram a model takes, or None for a model of images, of three channels."""
    log_mel: LogMel | None = getattr(options.input, "log_mel", None)
    if log_mel is None or channels == 3:
        return None
    if log_mel.bins != size[1]:
        raise ConfigError(
            f"backbone.input.log_mel.bins: {name} takes {size[1]} mel bins, (frames, bins, 1), and not {log_mel.bins}; "
            f'write "bins": {size[1]}'
        )
    return log_mel


def _is_augmenting(layer: keras.layers.Layer) -> bool:
    """Return whether a layer only changes images while it trains, which is what the phases' augmentation is for."""
    kind = type(layer).__name__
    # RandomCrop crops always, in the middle when not training.
    return kind in _AUGMENTING or (kind.startswith("Random") and kind != "RandomCrop")


def _features(images: Any, copy: FlatCopy, options: Saved, name: str) -> tuple[str, Any]:
    if options.output is None:
        outputs = copy.output if isinstance(copy.output, list | tuple) else [copy.output]
        if isinstance(copy.output, dict) or len(outputs) != 1:
            raise ConfigError(f"backbone.output: {name} has several outputs; name the layer whose output the head gets")
        return feature_layer.last_feature_map(keras.Model(images, outputs[0]))
    if options.output not in copy.tensors:
        near = right_value(options.output, copy.tensors)
        raise ConfigError(
            f"backbone.output: {name} has no layer {options.output!r}; "
            + (f"did you mean {near!r}?" if near else f"its last ones are {', '.join(list(copy.tensors)[-_SHOWN:])}")
        )
    tensor = copy.tensors[options.output]
    if isinstance(tensor, list | tuple | dict) or len(tensor.shape) not in _RANKS:
        shape = "several tensors" if isinstance(tensor, list | tuple | dict) else f"shape {tuple(tensor.shape[1:])}"
        raise ConfigError(
            f"backbone.output: {options.output} gives {shape}; name a layer that gives (height, width, channels), "
            "(length, channels) or (channels)"
        )
    return options.output, tensor


def _notes(images: Any, copy: FlatCopy, name: str, tensor: Any, file: str) -> tuple[str, ...]:
    shape = " x ".join(str(size) for size in tensor.shape[1:])
    whole = copy.output if not isinstance(copy.output, list | tuple | dict) else tensor
    left_out = feature_layer.layers_above(keras.Model(images, whole), tensor)
    above = f"; {left_out} {'layer above it is' if left_out == 1 else 'layers above it are'} left out"
    notes = [f"the head sits on {name} ({shape}) of {file}{above if left_out else ''}"]
    if copy.dropped:
        notes.append(
            f"{', '.join(copy.dropped)} of {file} {'is' if len(copy.dropped) == 1 else 'are'} left out: "
            "augmentation is a matter of the phases"
        )
    if copy.renamed:
        old, new = next(iter(copy.renamed.items()))
        notes.append(f"names of {file} that occur twice or belong to the head were changed: {old} is {new} here, ...")
    return tuple(notes)
