"""A head of the caller's in the model of a run, and the model of a finished run whose head is not at hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from kerastune_ft.backbones.base import Backbone
from kerastune_ft.config.run import RunConfig
from kerastune_ft.errors import ConfigError
from kerastune_ft.own import head as own_head


def find_kept_outputs(config: RunConfig, backbone: Backbone) -> Any:
    """Return the symbolic outputs of a finished run's model that is used as it is; None where a head is to be built.

    Raises ConfigError where objects were given in Python that are neither at hand nor in a saved model.
    """
    if config.own is not None:
        return None
    # A finished run that is only measured has its head and needs no loss.
    if config.python is not None and not backbone.kept_head and backbone.kept_outputs is None:
        raise ConfigError(config.python.explain_missing())
    if config.python is None or config.python.head is None:
        if backbone.kept_outputs is not None:
            raise ConfigError('backbone.head: "keep": a head given in Python cannot be trained on; write "new"')
        return None
    return backbone.kept_outputs


def settle_head(config: RunConfig, layers: Sequence[keras.layers.Layer]) -> None:
    """Name the layers of a head of the caller's, and make sure that they can be saved and opened again.

    Classes of the caller's own are known to Keras from then on in this process. Raises ConfigError for a layer that
    cannot be saved.
    """
    if config.own is None or config.own.head is None:
        return
    own_head.name_layers(layers)
    registered = keras.saving.get_custom_objects()
    for name, kind in own_head.list_custom_classes(layers).items():
        registered[name] = kind
    for layer in layers:
        try:
            keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
        except Exception as error:
            raise ConfigError(
                f"head: layer {layer.name} ({type(layer).__name__}) cannot be saved in a model file "
                f"({type(error).__name__}: {' '.join(str(error).split())[:200]}); give it a get_config, and no Lambda"
            ) from error
