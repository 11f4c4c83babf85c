"""What the saved models of images, sounds and texts have in common: they hold the trained model, made anew."""

from __future__ import annotations

from typing import Any

import keras

from kerastune_ft.errors import ConfigError
from kerastune_ft.graph.flat import copy_values
from kerastune_ft.graph.hub_layers import settle
from kerastune_ft.training.session.session import Session


def trained(session: Session) -> keras.Model:
    """Return the model that was trained, of new layers outside the strategy, which can be saved inside another."""
    made = keras.models.clone_model(session.model, clone_function=_anew)
    # It bears the run's name, which may be that of one of the layers around it.
    made.name = "trained"
    copy_values(session.model, made)
    return made


def check(session: Session) -> None:
    """Raise ConfigError when the model could be trained, and not be saved: a layer cannot be made anew.

    It would be found out when all phases are done. Keras' own layers can, and the others get no variables here, so
    that it costs next to nothing.
    """
    for layer in session.model.layers:
        if type(layer).__module__.startswith("keras."):
            continue
        try:
            # Once for the model that is saved, and once for whoever opens the file.
            _anew(_anew(layer))
        except Exception as error:
            why = next(iter(str(error).strip().splitlines()), type(error).__name__)
            raise ConfigError(
                f"backbone: {session.backbone.name} can be trained, but the model could not be saved: {layer.name} "
                f"({type(layer).__name__}) cannot be made again from its configuration: {why}; write another backbone"
            ) from error


def _anew(layer: Any) -> Any:
    made = type(layer).from_config(layer.get_config())
    settle(made)
    return made
