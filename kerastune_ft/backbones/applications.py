"""Backbones of tf.keras.applications, all through one mechanism."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import keras

from kerastune_ft.backbones import imagenet, weights_file
from kerastune_ft.backbones.base import Backbone, Transfer
from kerastune_ft.backbones.families import Family, family_of
from kerastune_ft.backbones.preprocessing import preprocess
from kerastune_ft.config.backbones import Applications
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph.units import Unit, units_by_depth, units_by_name

EMBEDDED = Path(__file__).parent / "weights" / "mobilenet_v2_035_embedded.safetensors"


def build(options: Applications) -> Backbone:
    """Build an architecture of keras.applications with its preprocessing in front and its weights loaded."""
    family = family_of(options.name)
    size = options.resolved_image_size
    source = str(options.weights) if options.weights is not None else "random"
    if options.weights == "imagenet":
        model, transfer = _with_imagenet(options, family, size)
    else:
        _refuse_misplaced_imagenet(options, family)
        model = _construct(options, family, size, None)
        transfer = Transfer(source, None, 0)
    units = _units(model, family)
    variables = [variable for unit in units for variable in unit.variables]
    if options.weights == "embedded":
        transfer = weights_file.load(model, variables, EMBEDDED, source)
    elif options.weights not in ("imagenet", None):
        transfer = weights_file.load(model, variables, Path(str(options.weights)), Path(str(options.weights)).name)
    if transfer.missing:
        notes: tuple[str, ...] = (
            f"{len(transfer.missing)} backbone variables are not in the weight file and stay random",
        )
    else:
        notes = ()
    return Backbone(options.name, model, units, size, family.preprocessing, transfer, notes)


def _construct(options: Applications, family: Family, size: tuple[int, int], weights: str | None) -> keras.Model:
    images = keras.Input((*size, 3), name="image", dtype="float32")
    architecture = getattr(keras.applications, options.name)
    # Keras reports downloads on standard output, which carries results here.
    with contextlib.redirect_stdout(sys.stderr):
        return architecture(
            include_top=False,
            weights=weights,
            input_tensor=preprocess(images, family.preprocessing),
            **dict(options.options),
        )


def _units(model: keras.Model, family: Family) -> tuple[Unit, ...]:
    rule = family.unit_of()
    return units_by_name(model, rule) if rule else units_by_depth(model)


def _with_imagenet(options: Applications, family: Family, size: tuple[int, int]) -> tuple[keras.Model, Transfer]:
    imagenet.require(options)
    try:
        model = _construct(options, family, size, "imagenet")
    except Exception as error:
        if "URL fetch failure" in str(error):
            url = next((word for word in str(error).split() if word.startswith("https://")), "")
            why = f"{url.rsplit('/', 1)[-1]} is not in the cache and cannot be fetched"
            raise imagenet.not_there(options, why) from error
        if isinstance(error, OSError):
            raise ConfigError(
                f"backbone.weights: a weight file of {options.name} in {imagenet.cache()} is damaged ({error}); "
                "delete it"
            ) from error
        raise ConfigError(
            f"backbone: keras.applications.{options.name} refuses: {str(error).splitlines()[0]}"
        ) from error
    return model, Transfer("imagenet", None, len(model.variables))


def _refuse_misplaced_imagenet(options: Applications, family: Family) -> None:
    """EfficientNet's ImageNet weights need one more rescaling layer, which Keras adds only for `imagenet`."""
    path = Path(str(options.weights)) if options.weights not in (None, "embedded") else None
    if path and family.weight_files == "efficientnetb" and path.name.startswith("efficientnetb"):
        raise ConfigError(
            f"backbone.weights: Keras scales the input of {options.name} differently for its own ImageNet file; "
            f'copy {path.name} to {imagenet.cache()} and write "imagenet"'
        )
