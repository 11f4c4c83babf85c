"""Whether Keras' own ImageNet weights can be had, found out before TensorFlow is imported."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from kerastune_ft.backbones.families import family_of
from kerastune_ft.config.backbones import Applications
from kerastune_ft.errors import ConfigError

_HOST = "storage.googleapis.com"
_HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"


def require(options: Applications) -> None:
    """Raise ConfigError when the weights are neither in Keras' cache nor to be downloaded, or damaged in the cache.

    A damaged file is named and left alone: Keras would delete some of these and try to download them again.
    """
    cached = sorted(cache().glob(f"{family_of(options.name).weight_files}*.h5"))
    for path in cached:
        with path.open("rb") as file:
            if file.read(len(_HDF5_SIGNATURE)) != _HDF5_SIGNATURE:
                raise ConfigError(
                    f"backbone.weights: {path} is not a complete HDF5 file; delete it, or put a complete one there"
                )
    if not cached and not _reachable():
        raise not_there(options, "the network is not reachable")


def cache() -> Path:
    """Return the directory where Keras keeps the weight files it downloads."""
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "models"


def not_there(options: Applications, why: str) -> ConfigError:
    """Return the error that says where Keras looks for the weights and what to do."""
    arguments = "".join(f", {key}={value!r}" for key, value in options.options.items())
    return ConfigError(
        f"backbone.weights: the ImageNet weights of {options.name} are not there: {why}.\n"
        f"  Keras looks for them in {cache()} ($KERAS_HOME/models). On a machine with a network run\n"
        f'    python -c "import keras; keras.applications.{options.name}(include_top=False{arguments})"\n'
        "  and copy the file from the same folder there; or give its path as backbone.weights; or use\n"
        '  {"name": "MobileNetV2", "weights": "embedded"}, which needs no download.'
    )


def _reachable() -> bool:
    try:
        socket.create_connection((_HOST, 443), timeout=2.0).close()
    except OSError:
        return False
    return True
