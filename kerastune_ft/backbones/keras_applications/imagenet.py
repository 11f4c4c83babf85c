"""Checks, before TensorFlow is imported, that Keras' own ImageNet weights are in its cache or can be downloaded."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from kerastune_ft.backbones.keras_applications.families import family_of
from kerastune_ft.config.options.backbones import Applications
from kerastune_ft.errors import ConfigError
from kerastune_ft.storage import expand_home

_HOST = "storage.googleapis.com"


def require_weights(options: Applications) -> None:
    """Raise ConfigError when the weights are damaged in Keras' cache, or neither there nor to be downloaded.

    A damaged file is named and left alone: Keras would delete some of these and try to download them again.
    """
    import h5py

    cached = cached_files(options.name)
    for path in cached:
        try:
            h5py.File(path).close()
        except OSError as error:
            raise ConfigError(
                f"backbone.weights: {path} is not a complete HDF5 file ({error}); delete it or put a whole one there"
            ) from error
    if not cached and not _reachable():
        raise missing_weights(options, "the network is not reachable")


def cached_files(name: str) -> list[Path]:
    """Return the weight files of an architecture in Keras' cache, of every width and image size."""
    return sorted(cache_directory().glob(family_of(name).weight_file_pattern(name)))


@contextlib.contextmanager
def protect_cached_files(name: str) -> Iterator[None]:
    """Keep the cached files: Keras deletes one whose checksum it does not know when it cannot fetch another."""
    links = {path: path.with_name(f"{path.name}.kept") for path in cached_files(name)}
    with contextlib.suppress(OSError):
        for path, link in links.items():
            os.link(path, link)
    try:
        yield
    finally:
        for path, link in links.items():
            if path.exists():
                link.unlink(missing_ok=True)
            elif link.exists():
                link.rename(path)


def cache_directory() -> Path:
    """Return the directory where Keras keeps the weight files it downloads, by the rule of Keras."""
    home = Path(expand_home("~")) if os.access(expand_home("~"), os.W_OK) else Path("/tmp")
    keras_home = Path(os.environ.get("KERAS_HOME") or home / ".keras")
    return (keras_home if os.access(keras_home, os.W_OK) or not keras_home.exists() else Path("/tmp/.keras")) / "models"


def missing_weights(options: Applications, why: str) -> ConfigError:
    """Return the error that says where Keras looks for the weights and what to do."""
    arguments = "".join(f", {key}={value!r}" for key, value in options.options.items())
    return ConfigError(
        f"backbone.weights: the ImageNet weights of {options.name} are not there: {why}.\n"
        f"  Keras looks for them in {cache_directory()} ($KERAS_HOME/models). On a machine with a network run\n"
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
