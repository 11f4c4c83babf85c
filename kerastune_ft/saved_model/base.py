"""The contract of a `Serving`: a trained model with everything that a saved form of it needs, in any format."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from kerastune_ft.data.source import DataSource
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph.memory import keras_memory
from kerastune_ft.graph.rebuild.flat import copy_values
from kerastune_ft.graph.rebuild.hub_layers import repair_layer
from kerastune_ft.graph.rows.windows import call_in_stock_operations
from kerastune_ft.tasks.base import Task

Answer = Callable[[keras.Model, Any], Any]
"""A function from a copy of the trained model, and its symbolic inputs, to symbolic outputs."""


@dataclass(frozen=True)
class ServingSettings:
    """Descriptions of a trained model that its saved forms carry."""

    name: str
    """The name of the run, which becomes the name of the saved model."""
    preprocessing: str
    """The backbone's own preprocessing, such as a range of values, in words for preprocessing.json."""


class Serving(ABC):
    """A trained model, and how users' inputs become its inputs and its raw outputs become users' outputs.

    There is one subclass per modality, and none per format: a format (`saved_model.formats`) writes `model` and `files`
    and calls `samples` and `call` to compare what it wrote with what was measured. `build.make_serving` makes one of
    the live model after training, `build.open_serving` one of a run directory.
    """

    def __init__(self, trained: keras.Model, task: Task, settings: ServingSettings) -> None:
        """`trained` maps the inputs of the data loader, of static shapes, to the raw outputs of `task`."""
        self.trained, self.task, self.settings = trained, task, settings

    @abstractmethod
    def model(self, answer: Answer | None = None) -> keras.Model:
        """Return the Keras model to save: from inputs of any size, as documented, to the outputs of `Task.finish`.

        With an `answer` it gives what that makes of the trained model and of its symbolic inputs. It is of stock layers
        and outside the distribution strategy, so that it opens without this package.
        """

    @abstractmethod
    def begin(self, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the symbolic inputs of the model to save by name, and those of the trained model made of them.

        `name` is that of the input, where it is one of several.
        """

    @abstractmethod
    def preprocessing(self) -> dict[str, Any]:
        """Return the content of preprocessing.json, which tells users the input of `model` and its outputs."""

    def files(self) -> dict[str, bytes]:
        """Return the content of files to write beside the model, by path in the run directory; none by default."""
        return {}

    @abstractmethod
    def samples(self, source: DataSource, indices: Sequence[int]) -> list[Any]:
        """Return inputs for `model`, one for each of these examples, prepared as preprocessing.json says."""

    @abstractmethod
    def call(self, model: keras.Model, samples: Sequence[Any]) -> np.ndarray:
        """Return the outputs of a saved model for inputs of `samples`, [samples, ...].

        `model` is `self.model()`, or the same after it was saved and opened again.
        """

    def finish(self, inputs: Any, answer: Answer | None) -> Any:
        """Return the symbolic outputs of the model to save, from the symbolic inputs of the trained model."""
        trained = self.copy()
        return self.task.finish(trained(inputs, training=False)) if answer is None else answer(trained, inputs)

    def copy(self) -> keras.Model:
        """Return a copy of the trained model outside the distribution strategy, to be saved inside another model."""
        with keras_memory.late_values():
            made = keras.models.clone_model(
                self.trained, clone_function=_make_again, call_function=call_in_stock_operations
            )
            copy_values(self.trained, made)
        # The run's name may also be the name of one of the layers around it.
        made.name = "trained"
        return made

    @property
    def output_text(self) -> str:
        """Return the description of the model's outputs for preprocessing.json."""
        return f"{self.task.output_name} in the order of labels.json"


def check_savable(model: keras.Model, backbone: str) -> None:
    """Raise ConfigError where a model has a layer that cannot be made again from its configuration.

    Such a model could be trained but not saved, which would only fail after all phases. Keras' own layers are not
    tried, and the variables that others make at once get no values, so the check is cheap.
    """
    for layer in model.layers:
        if type(layer).__module__.startswith("keras."):
            continue
        try:
            # Twice: saving makes a copy, and opening the file makes another.
            with keras_memory.without_values():
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
