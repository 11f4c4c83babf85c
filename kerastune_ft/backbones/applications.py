"""Backbones of tf.keras.applications, all through one mechanism."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from pathlib import Path
from typing import Any

import h5py
import keras

from kerastune_ft.backbones import weights_file
from kerastune_ft.backbones.base import Backbone, Transfer
from kerastune_ft.backbones.families import Family, family_of
from kerastune_ft.backbones.preprocessing import preprocess
from kerastune_ft.config.backbones import Applications
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph.units import Unit, units_by_depth, units_by_name

EMBEDDED = Path(__file__).parent / "weights" / "mobilenet_v2_035_embedded.safetensors"
_HOST = "storage.googleapis.com"


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
        notes: tuple[str, ...] = (f"{len(transfer.missing)} backbone variables are not in the weight file and stay random",)
    else:
        notes = ()
    return Backbone(options.name, model, units, size, family.preprocessing, transfer, notes)


def _construct(options: Applications, family: Family, size: tuple[int, int], weights: str | None) -> keras.Model:
    images = keras.Input((*size, 3), name="image", dtype="float32")
    architecture = getattr(keras.applications, options.name)
    # Keras reports downloads on standard output, which carries results here.
    with contextlib.redirect_stdout(sys.stderr):
        return architecture(
            include_top=False, weights=weights, input_tensor=preprocess(images, family.preprocessing), **dict(options.options)
        )


def _units(model: keras.Model, family: Family) -> tuple[Unit, ...]:
    rule = family.unit_of()
    return units_by_name(model, rule) if rule else units_by_depth(model)


def _with_imagenet(options: Applications, family: Family, size: tuple[int, int]) -> tuple[keras.Model, Transfer]:
    cache = keras_home() / "models"
    cached = sorted(cache.glob(f"{family.weight_files}*")) if cache.is_dir() else []
    for path in cached:
        # Keras would delete some of these and try to download them again.
        if path.suffix == ".h5" and not h5py.is_hdf5(path):
            raise ConfigError(f"backbone.weights: {path} is not a complete HDF5 file; delete it, or put a complete one there")
    if not cached and not _reachable():
        raise _not_there(options, cache, "the network is not reachable")
    try:
        model = _construct(options, family, size, "imagenet")
    except Exception as error:
        if "URL fetch failure" in str(error):
            url = next((word for word in str(error).split() if word.startswith("https://")), "")
            raise _not_there(options, cache, f"{url.rsplit('/', 1)[-1]} is not in the cache and cannot be fetched") from error
        if isinstance(error, OSError):
            raise ConfigError(f"backbone.weights: a weight file of {options.name} in {cache} is damaged ({error}); delete it") from error
        raise ConfigError(f"backbone: keras.applications.{options.name} refuses: {str(error).splitlines()[0]}") from error
    return model, Transfer("imagenet", None, len(model.variables))


def _not_there(options: Applications, cache: Path, why: str) -> ConfigError:
    return ConfigError(
        f"backbone.weights: the ImageNet weights of {options.name} are not there: {why}.\n"
        f"  Keras looks for them in {cache} ($KERAS_HOME/models). On a machine with a network run\n"
        f"    python -c \"import keras; keras.applications.{options.name}(include_top=False{_arguments(options)})\"\n"
        "  and copy the file from the same folder there; or give its path as backbone.weights; or use\n"
        '  {"name": "MobileNetV2", "weights": "embedded"}, which needs no download.'
    )


def _arguments(options: Applications) -> str:
    return "".join(f", {key}={value!r}" for key, value in options.options.items())


def _refuse_misplaced_imagenet(options: Applications, family: Family) -> None:
    """EfficientNet's ImageNet weights need one more rescaling layer, which Keras adds only for `imagenet`."""
    path = Path(str(options.weights)) if options.weights not in (None, "embedded") else None
    if path and family.weight_files == "efficientnetb" and path.name.startswith("efficientnetb"):
        raise ConfigError(
            f"backbone.weights: Keras scales the input of {options.name} differently for its own ImageNet file; "
            f'copy {path.name} to {keras_home() / "models"} and write "imagenet"'
        )


def keras_home() -> Path:
    """Return the directory where Keras keeps downloaded files."""
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")


def _reachable() -> bool:
    try:
        socket.create_connection((_HOST, 443), timeout=2.0).close()
    except OSError:
        return False
    return True


def describe(name: str) -> dict[str, Any]:
    """Return what is known of an architecture without building it."""
    family = family_of(name)
    return {"name": name, "preprocessing": family.preprocessing, "units": "by name" if family.rules else "by depth"}
