"""The contract of graphs: a trained model as functions of tensors that converters understand."""

from __future__ import annotations

import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import keras
import tensorflow as tf

from kerastune_ft.config.options.inputs import InputColumns
from kerastune_ft.data.labels.raw import SEPARATOR
from kerastune_ft.exporting.graphs.portable import with_portable_operations
from kerastune_ft.quiet_imports import without_warnings_of_keras
from kerastune_ft.saved_model.base import Answer, Serving
from kerastune_ft.saved_model.build import MODEL
from kerastune_ft.saved_model.unknown import COLUMNS, MODEL_FILE, UnknownAnswers, add_distance

Tensors = Mapping[str, tf.Tensor]
DISTANCE = COLUMNS[0]


@dataclass(frozen=True)
class Endpoint:
    """A function of a trained model, from documented tensors to answers."""

    name: str
    """Its name in files and signatures, such as `any_size`."""
    what: str
    """What it takes and gives, for people."""
    inputs: Mapping[str, tf.TensorSpec]
    """The tensors it takes, by name; the batch is first."""
    call: Callable[..., Tensors]
    """A graph function: it takes the inputs by name and returns the outputs by name."""

    def trace(self) -> Any:
        """Return the endpoint as a `tf.function` of its inputs in order, which is named and traced once."""
        names = list(self.inputs)

        def call(*tensors: tf.Tensor) -> Tensors:
            return self.call(**dict(zip(names, tensors, strict=True)))

        specs = [tf.TensorSpec(spec.shape, spec.dtype, name) for name, spec in self.inputs.items()]
        return tf.function(call, input_signature=specs, autograph=False)


@dataclass(frozen=True)
class Origin:
    """What a run was made of."""

    backbone: Any
    """The options of its backbone."""
    modality: str
    output: str
    """The operation of the trained model whose output the head reads."""
    length: int | None
    """The tokens of a row, where it reads texts."""
    samples: int | None
    """The samples of a sound, where it reads these with a backbone for any length."""
    inputs: InputColumns | None = None
    """The columns that several inputs are read from."""


class Graphs(ABC):
    """A trained model in the form that formats convert; there is a subclass for each form of inputs and answers."""

    form: ClassVar[str]
    """The form of inputs and answers, which chooses the predict.py: a row of `script_table.SCRIPTS` for each format."""

    origin: Origin
    """What the run was made of, for formats that make it again."""
    is_calibrated = False
    """Whether the task of `serving` has the temperature of the run, which its saved model.keras has not."""
    needs: ClassVar[tuple[str, ...]] = ()
    """Modules that every predict.py of this form imports beside its format's runtime, and that may be missing."""

    def __init__(
        self, serving: Serving, unknown: UnknownAnswers | None = None, read_saved: Callable[[str], bytes] | None = None
    ) -> None:
        """`serving` is the trained model with its task; its saved form `model()` is not made here.

        With `unknown` answers have a second output, `distance`. `read_saved` reads files of the run by their names.
        """
        self.serving, self.unknown, self._read_saved = serving, unknown, read_saved

    @property
    def answer(self) -> Answer | None:
        """Return what makes symbolic outputs of the trained model, for `Serving.finish`; None for the usual ones."""
        return None if self.unknown is None else add_distance(self.serving, self.unknown)

    def read_model(self) -> bytes:
        """Return the content of the run's own model in Keras' format: with distances where answers have them."""
        if self.is_calibrated:
            return self._save_model()
        assert self._read_saved is not None
        return self._read_saved(MODEL if self.unknown is None else MODEL_FILE)

    def _save_model(self) -> bytes:
        with tempfile.TemporaryDirectory() as made, without_warnings_of_keras():
            path = Path(made, "model.keras")
            self.serving.model(self.answer).save(path)
            return path.read_bytes()

    @property
    @abstractmethod
    def model(self) -> keras.Model:
        """Return the Keras model behind the endpoints, whose variables are those of the export, once."""

    @cached_property
    def portable_model(self) -> keras.Model:
        """Return `model` of operations that converters know, with the same variables."""
        return with_portable_operations(self.model)

    @abstractmethod
    def portable(self) -> list[Endpoint]:
        """Return endpoints of operations that every converter knows; the first is the one that predict.py uses."""

    @abstractmethod
    def raw(self) -> list[Endpoint]:
        """Return endpoints for TensorFlow itself, from raw inputs such as the bytes of files; the first is preferred.

        Their outputs may have strings.
        """

    def choose_form(self, inputs: str) -> str:
        """Return the form for a format that takes such inputs: see `Format.INPUTS`."""
        return self.form

    def preprocessing(self, inputs: str = "portable") -> dict[str, Any]:
        """Return the content of preprocessing.json: what people and predict.py need to know of inputs and answers."""
        return {**self.serving.preprocessing(), "answers": self.answers(), "packages": self._list_packages()}

    def _list_packages(self) -> list[str]:
        """Return the packages, beside Keras, that have layers of the model, which opening model.keras needs."""
        modules = {type(layer).__module__.split(".")[0] for layer in self.serving.trained.layers}
        return sorted(modules & {"keras_hub"})

    def answers(self) -> dict[str, Any]:
        """Return what predict.py makes answers by: whether they are numbers, the outputs in order, and thresholds.

        `unknown` is the distance above which an input is called so; None where none is.
        """
        are_numbers = not self.serving.task.scheme.has_classes
        return {
            "are_numbers": are_numbers,
            "thresholds": None,
            "outputs": [self.output_name, *([] if self.unknown is None else [DISTANCE])],
            "unknown": None if self.unknown is None else self.unknown.threshold,
            **self.serving.task.describe_decisions(),
        }

    def add_labels(self, outputs: Tensors) -> Tensors:
        """Return outputs with the labels that follow from them, as strings, for clients that know no others."""
        task = self.serving.task
        if not task.scheme.has_classes:
            return outputs
        shares = outputs[self.output_name]
        names = tf.constant(task.scheme.names)
        classes = tf.repeat(names[tf.newaxis], tf.shape(shares)[0], axis=0)
        least = task.describe_decisions().get("thresholds")
        if least is None:
            return {**outputs, "classes": classes, "label": tf.gather(names, tf.argmax(shares, axis=-1))}
        chosen = tf.ragged.boolean_mask(classes, shares >= tf.constant(least, shares.dtype))
        return {**outputs, "classes": classes, "label": tf.strings.reduce_join(chosen, axis=-1, separator=SEPARATOR)}

    def resources(self) -> list[Any]:
        """Return what `raw` needs beside tensors, such as tables, which a saved model has to hold; none by default."""
        return []

    def name_outputs(self, outputs: Any) -> Tensors:
        """Return the outputs of `model` by name."""
        return outputs if isinstance(outputs, Mapping) else {self.output_name: outputs}

    def files(self, inputs: str = "portable") -> dict[str, bytes]:
        """Return files that predict.py reads, by their paths in the export; none by default."""
        return {}

    @property
    def output_name(self) -> str:
        """Return the name of the output: `probabilities`, or `values` where labels are numbers."""
        return "probabilities" if self.serving.task.scheme.has_classes else "values"
