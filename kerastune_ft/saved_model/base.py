"""What a saved form of a trained model is made from, whatever the modality and the format."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from kerastune_ft.data.source import DataSource
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph.flat import copy_values
from kerastune_ft.graph.hub_layers import repair_layer
from kerastune_ft.tasks.base import Task


@dataclass(frozen=True)
class ServingSettings:
    """What is said of a model beside its computation."""

    name: str
    """The run's name, which the saved model bears."""
    preprocessing: str
    """What the backbone does to its input first, in the words of preprocessing.json."""


class Serving(ABC):
    """A trained model from fixed-shape inputs to raw outputs, and what belongs around it in every saved form.

    Made by training from the live model, or from a run directory by `saved_model.open_run`. One subclass per modality.
    """

    def __init__(self, trained: keras.Model, task: Task, settings: ServingSettings) -> None:
        self.trained, self.task, self.settings = trained, task, settings

    @abstractmethod
    def model(self) -> keras.Model:
        """Return the Keras model that takes documented tensors of any size and gives what `Task.finish` returns."""

    @abstractmethod
    def preprocessing(self) -> dict[str, Any]:
        """Return what preprocessing.json says of the way from an example to the model's outputs."""

    def files(self) -> dict[str, bytes]:
        """Return the files that belong beside the model, by name within the run directory; none by default."""
        return {}

    @abstractmethod
    def samples(self, source: DataSource, indices: Sequence[int]) -> list[Any]:
        """Return examples of a source as the documented path hands them to `model`, each by itself."""

    @abstractmethod
    def call(self, model: keras.Model, samples: Sequence[Any]) -> np.ndarray:
        """Return what a saved model gives for these samples, [samples, ...]."""

    def copy(self) -> keras.Model:
        """Return the trained model of new layers outside the strategy, which can be saved inside another."""
        made = keras.models.clone_model(self.trained, clone_function=_make_again)
        # It bears the run's name, which may be that of one of the layers around it.
        made.name = "trained"
        copy_values(self.trained, made)
        return made

    @property
    def output_text(self) -> str:
        """Return what the model's outputs are, in the words of preprocessing.json."""
        return f"{self.task.output_name} in the order of labels.json"


def check_savable(model: keras.Model, backbone: str) -> None:
    """Raise ConfigError when a model could be trained, and not be saved: a layer cannot be made again.

    It would be found out when all phases are done. Keras' own layers can, and the others get no variables here, so
    that it costs next to nothing.
    """
    for layer in model.layers:
        if type(layer).__module__.startswith("keras."):
            continue
        try:
            # Once for the model that is saved, and once for whoever opens the file.
            _make_again(_make_again(layer))
        except Exception as error:
            why = next(iter(str(error).strip().splitlines()), type(error).__name__)
            raise ConfigError(
                f"backbone: {backbone} can be trained, but the model could not be saved: {layer.name} "
                f"({type(layer).__name__}) cannot be made again from its configuration: {why}; write another backbone"
            ) from error


def _make_again(layer: Any) -> Any:
    made = type(layer).from_config(layer.get_config())
    repair_layer(made)
    return made
