"""The saved model of several inputs: pictures of any size, rows of tokens, numbers and numbers of categories in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from kerastune_ft.backbones.several import COLUMNS
from kerastune_ft.data.several.encoding import ColumnEncoding
from kerastune_ft.saved_model.base import Answer, Serving, ServingSettings
from kerastune_ft.tasks.base import Task

NUMBERS, WORDS = "numbers", "words"


class SeveralServing(Serving):
    """Takes a dict of the inputs of an example by name; numbers are standardised and words encoded inside."""

    def __init__(
        self,
        trained: keras.Model,
        task: Task,
        settings: ServingSettings,
        parts: Mapping[str, Serving],
        encoding: ColumnEncoding | None,
    ) -> None:
        """`parts` say how each picture and text becomes an input of the trained model, by the name of the part."""
        super().__init__(trained, task, settings)
        self.parts, self.encoding = parts, encoding

    def model(self, answer: Answer | None = None) -> keras.Model:
        """Return the model to save, from a dict of inputs by name to probabilities or values.

        Beside pictures and rows of tokens these are `numbers`, float32 [batch, columns], NaN where one is missing, and
        `words`, int32 [batch, columns], the numbers of categories.
        """
        inputs: dict[str, Any] = {}
        taken: dict[str, Any] = {}
        for name, part in self.parts.items():
            own, fitted = part.begin(name)
            inputs |= own
            taken |= fitted
        if self.encoding is not None:
            own, taken[COLUMNS] = begin_columns(self.encoding)
            inputs |= own
        return keras.Model(inputs, self.finish(taken, answer), name=self.settings.name)

    def begin(self, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Raise AssertionError: several inputs are no part of others."""
        raise AssertionError(name)

    def preprocessing(self) -> dict[str, Any]:
        """Return the content of preprocessing.json: how each input is prepared, by name, and the outputs."""
        about: dict[str, Any] = {name: part.preprocessing() for name, part in self.parts.items()}
        for own in about.values():
            del own["output"]
        return {
            "input": f"a dict of {', '.join([*about, *self._column_inputs])}, see inputs",
            "inputs": about | self._column_inputs,
            "inside_the_model": [self.settings.preprocessing],
            "output": self.output_text,
        }

    @property
    def _column_inputs(self) -> dict[str, Any]:
        """What is said of numbers and words."""
        if self.encoding is None:
            return {}
        found: dict[str, Any] = {}
        if self.encoding.numbers:
            found[NUMBERS] = {
                "input": "float32 [batch, columns], in this order and in their own units, NaN where one is missing; "
                "they are standardised inside",
                "columns": [each.name for each in self.encoding.numbers],
            }
        if self.encoding.words:
            found[WORDS] = {
                "input": "int32 [batch, columns], in this order: the place of the word among its categories, counted "
                "from 1; 0 for a word that is missing or none of them",
                "columns": {each.name: list(each.categories) for each in self.encoding.words},
            }
        return found

    def files(self) -> dict[str, bytes]:
        """Return the content of the files of the tokenizer, by path, where there is a text."""
        return {name: content for part in self.parts.values() for name, content in part.files().items()}

    def samples(self, source: Any, indices: Sequence[int]) -> list[dict[str, Any]]:
        """Return for each example its inputs by name, of one row each."""
        found: list[dict[str, Any]] = [{} for _ in indices]
        for name, part in self.parts.items():
            for sample, own in zip(found, part.samples(source.parts[name], indices), strict=True):
                is_row = isinstance(own, Mapping)
                sample |= dict(own) if is_row else {name: np.asarray(own, np.float32)[np.newaxis]}
        if self.encoding is not None:
            cells = source.cells.select(indices)
            for name, values in give_columns(self.encoding, cells).items():
                for sample, row in zip(found, values, strict=True):
                    sample[name] = row[np.newaxis]
        return found

    def call(self, model: keras.Model, samples: Sequence[Mapping[str, Any]]) -> np.ndarray:
        """Return the outputs of a saved model for inputs by name, called with one example at a time."""
        return np.concatenate([np.asarray(model(dict(sample), training=False)) for sample in samples])


def give_columns(encoding: ColumnEncoding, cells: Any) -> dict[str, np.ndarray]:
    """Return the inputs `numbers` and `words` of a saved model for cells, where it has them."""
    found: dict[str, np.ndarray] = {}
    if encoding.numbers:
        found[NUMBERS] = np.stack([cells.numbers[each.name] for each in encoding.numbers], axis=1).astype(np.float32)
    if encoding.words:
        found[WORDS] = np.stack([each.number(list(cells.words[each.name])) for each in encoding.words], axis=1)
    return found


def begin_columns(encoding: ColumnEncoding) -> tuple[dict[str, Any], Any]:
    """Return the symbolic inputs `numbers` and `words`, and the vector that the trained model takes of them.

    It is computed as `ColumnEncoding.encode` does, by stock layers and operations.
    """
    inputs: dict[str, Any] = {}
    if encoding.numbers:
        inputs[NUMBERS] = keras.Input((len(encoding.numbers),), name=NUMBERS, dtype="float32")
    if encoding.words:
        inputs[WORDS] = keras.Input((len(encoding.words),), name=WORDS, dtype="int32")
    members = {"": encoding} if not encoding.members else {f"_{k}": each for k, each in enumerate(encoding.members)}
    vector = [tensor for mark, each in members.items() for tensor in _encode_columns(each, inputs, mark)]
    joined = keras.layers.Concatenate(name="columns_encoded", dtype="float32")(vector) if len(vector) > 1 else vector[0]
    return inputs, joined


def _encode_columns(encoding: ColumnEncoding, inputs: Mapping[str, Any], mark: str) -> list[Any]:
    """Return the parts of the vector of an encoding that is no ensemble's; `mark` ends the names of its layers."""
    vector: list[Any] = []
    if encoding.numbers:
        numbers = inputs[NUMBERS]
        offset = [-each.mean for each in encoding.numbers]
        centre = keras.layers.Rescaling(1.0, offset=offset, name=f"numbers_centred{mark}")
        deviations = [1.0 / each.deviation for each in encoding.numbers]
        scale = keras.layers.Rescaling(deviations, name=f"numbers_scaled{mark}")
        absent = keras.ops.isnan(numbers)
        vector.append(keras.ops.where(absent, 0.0, scale(centre(numbers))))
        marks = keras.ops.cast(absent, "float32")
        own = [(place, each) for place, each in enumerate(encoding.numbers) if each.has_place]
        vector += [marks[:, place : place + 1] * float(bool(each.missing)) for place, each in own]
    for place, each in enumerate(encoding.words):
        word = inputs[WORDS][:, place]
        if each.place is None:
            hot = keras.ops.one_hot(word, len(each.categories) + 1, dtype="float32")
            vector.append(hot if each.missing else hot[:, 1:])
        else:
            table = each.table
            initial = keras.initializers.Constant(0.0)
            look_up = keras.layers.Embedding(*table.shape, embeddings_initializer=initial, name=f"words_{place}{mark}")
            vector.append(look_up(word))
            look_up.set_weights([table])
            look_up.trainable = False
    return vector
