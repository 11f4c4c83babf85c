"""Backbones of tf.keras.applications."""

from __future__ import annotations

import contextlib
import warnings
from pathlib import Path

import keras

from kerastune_ft.backbones import weights_file
from kerastune_ft.backbones.base import Backbone, Transfer
from kerastune_ft.backbones.inputs import ImageInput
from kerastune_ft.backbones.keras_applications import imagenet
from kerastune_ft.backbones.keras_applications.families import Family, family_of
from kerastune_ft.backbones.keras_applications.preprocessing import preprocess
from kerastune_ft.config.facts.applications import IMAGENET_ALPHAS
from kerastune_ft.config.options.backbones import Applications
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph.depth import units_by_depth
from kerastune_ft.graph.units import Unit, units_by_name
from kerastune_ft.storage import path_of
from kerastune_ft.streams import error_stream

EMBEDDED = Path(__file__).parent.parent / "weights" / "mobilenet_v2_035_embedded.safetensors"


def build(options: Applications) -> Backbone:
    """Build an architecture of keras.applications with its preprocessing in front and its weights loaded."""
    family = family_of(options.name)
    size = options.own_image_size
    if options.weights == "imagenet":
        model = _with_imagenet(options, family, size)
    else:
        _refuse_misplaced_imagenet(options)
        model = _construct(options, family, size, None)
    units = _units(model, family)
    variables = [variable for unit in units for variable in unit.variables]
    if options.weights == "imagenet":
        transfer = Transfer("imagenet", None, len(variables))
    elif options.weights is None:
        transfer = Transfer("random", None, 0)
    else:
        path = EMBEDDED if options.weights == "embedded" else path_of(options.weights)
        try:
            transfer = weights_file.load(model, variables, path, "embedded" if path is EMBEDDED else path.name)
        except weights_file.ShapeError as error:
            if (alpha := _find_alpha(options, family, size, path)) is None:
                raise
            raise ConfigError(
                f'backbone.options: {path} has the weights of another width; write "options": {{"alpha": {alpha:g}}} '
                "in backbone, with which all of them fit"
            ) from error
    notes: tuple[str, ...] = ()
    if transfer.missing:
        notes = (f"{len(transfer.missing)} backbone variables are not in the weight file and stay random",)
    return Backbone(options.name, model, units, ImageInput(size), family.preprocessing, transfer, notes)


def outline(options: Applications) -> Backbone:
    """Build an architecture for its units alone: random weights get no values."""
    if options.weights is not None:
        return build(options)
    with keras.StatelessScope(initialize_variables=False):
        return build(options)


def _construct(options: Applications, family: Family, size: tuple[int, int], weights: str | None) -> keras.Model:
    images = keras.Input((*size, 3), name="image", dtype="float32")
    architecture = getattr(keras.applications, options.name)
    preprocessed = preprocess(images, family.preprocessing)
    try:
        # Keras reports downloads on standard output, which carries results here.
        with contextlib.redirect_stdout(error_stream()), warnings.catch_warnings():
            # For another size MobileNet takes its weights for 224 pixels, which fit as well.
            warnings.filterwarnings("ignore", "`input_shape` is undefined or non-square", UserWarning)
            model = architecture(
                include_top=False,
                weights=weights,
                input_tensor=preprocessed,
                input_shape=(*size, 3),
                **dict(options.options),
            )
    except (ValueError, TypeError) as error:
        raise ConfigError(
            f"backbone: keras.applications.{options.name} refuses: {str(error).splitlines()[0]}"
        ) from error
    # Some architectures make a list of their one input; Keras would warn each time it gets a tensor instead.
    return keras.Model(images, model.output, name=model.name)


def _find_alpha(options: Applications, family: Family, size: tuple[int, int], path: Path) -> float | None:
    """Return the width of a model at which the shapes of a weight file fit; None where none does."""
    for alpha in IMAGENET_ALPHAS.get(options.name, ()):
        other = options.model_copy(update={"options": {**options.options, "alpha": alpha}})
        with keras.StatelessScope(initialize_variables=False):
            model = _construct(other, family, size, None)
        if weights_file.fits(model, [each for unit in _units(model, family) for each in unit.variables], path):
            return alpha
    return None


def _units(model: keras.Model, family: Family) -> tuple[Unit, ...]:
    rule = family.unit_of()
    return units_by_name(model, rule) if rule else units_by_depth(model)


def _with_imagenet(options: Applications, family: Family, size: tuple[int, int]) -> keras.Model:
    imagenet.require_weights(options)
    try:
        with imagenet.protect_cached_files(options.name):
            return _construct(options, family, size, "imagenet")
    except OSError as error:
        raise ConfigError(
            f"backbone.weights: a weight file of {options.name} in {imagenet.cache_directory()} is damaged ({error}); "
            "delete it"
        ) from error
    except Exception as error:
        if "URL fetch failure" not in str(error):
            raise
        url = next((word for word in str(error).split() if word.startswith("https://")), "").rstrip(":")
        why = f"{url.rsplit('/', 1)[-1]} is not in the cache, or not as Keras knows it, and cannot be fetched"
        raise imagenet.missing_weights(options, why) from error


def build_with_imagenet(options: Applications) -> keras.Model:
    """Build an architecture with Keras' own weights, which Keras downloads where they are not in its cache."""
    return _construct(options, family_of(options.name), options.own_image_size, "imagenet")


def _refuse_misplaced_imagenet(options: Applications) -> None:
    """EfficientNet's ImageNet weights need one more rescaling layer, which Keras adds only for `imagenet`."""
    path = Path(options.weights or "")
    if options.name.startswith("EfficientNetB") and path.name.startswith("efficientnetb"):
        raise ConfigError(
            f"backbone.weights: Keras scales the input of {options.name} differently for its own ImageNet file; "
            f'copy {path.name} to {imagenet.cache_directory()} and write "imagenet"'
        )
