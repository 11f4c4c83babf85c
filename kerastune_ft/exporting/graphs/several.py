"""Models of several inputs as graphs: pictures, rows of tokens, numbers and words by name, and raw ones."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import keras
import tensorflow as tf

from kerastune_ft.backbones.several import COLUMNS
from kerastune_ft.config.options.inputs import InputColumns
from kerastune_ft.config.options.task_facts import TEXT
from kerastune_ft.data.several.columns import MISSING
from kerastune_ft.data.several.encoding import ColumnEncoding
from kerastune_ft.exporting.graphs.base import Endpoint, Graphs, Tensors
from kerastune_ft.exporting.graphs.images import ImageGraphs
from kerastune_ft.exporting.graphs.strings import read_rows
from kerastune_ft.exporting.graphs.texts import TextGraphs
from kerastune_ft.saved_model.several import NUMBERS, WORDS, SeveralServing, begin_columns

TEXT_NAMES = ("text", "text_2")
"""The inputs of `files` that are a text, or the two of a pair."""


class SeveralGraphs(Graphs):
    """The endpoints of a model of several inputs: `examples` takes tensors by name, `files` files and strings.

    Pictures are resized, numbers standardised and words encoded inside.
    """

    form = "inputs"
    serving: SeveralServing

    @property
    def columns(self) -> InputColumns:
        """Return the columns and templates that the inputs of the run were read from."""
        assert self.origin.inputs is not None
        return self.origin.inputs

    @cached_property
    def images(self) -> dict[str, ImageGraphs]:
        """Return what fits each picture, by the name of the input."""
        return {name: ImageGraphs(self.serving.parts[name]) for name in self.columns.images}

    @cached_property
    def texts(self) -> TextGraphs | None:
        """Return what makes rows of the text; None without a text."""
        return TextGraphs(self.serving.parts[TEXT]) if self.columns.texts else None

    @property
    def _encoding(self) -> ColumnEncoding:
        return self.serving.encoding or ColumnEncoding((), ())

    @cached_property
    def model(self) -> keras.Model:
        """Return the model from pictures of its own size, rows of tokens, numbers and words to answers."""
        inputs: dict[str, Any] = {}
        for name, part in self.images.items():
            own = part.serving.geometry
            inputs[name] = keras.Input((own.height, own.width, 3), name=name, dtype="float32")
        if self.texts is not None:
            inputs |= self.texts.serving.begin(TEXT)[0]
        taken = dict(inputs)
        if self.serving.encoding is not None:
            columns, taken[COLUMNS] = begin_columns(self.serving.encoding)
            inputs |= columns
        return keras.Model(inputs, self.serving.finish(taken, self.answer), name="examples")

    @cached_property
    def takes_strings(self) -> bool:
        """Whether the raw endpoint takes texts as they are."""
        return self.texts is not None and self.texts.refusal is None

    def portable(self) -> list[Endpoint]:
        """Return `examples`."""
        return [self._make_whole(lambda name, part, given: part.fit_portably(given[name]), self._answer)]

    def raw(self) -> list[Endpoint]:
        """Return `files`, of bytes and strings as far as a graph takes them, and `examples`, resized as in training."""

        def answer(given: Tensors) -> Tensors:
            return self.add_labels(self._answer(given))

        def answer_raw(**given: tf.Tensor) -> Tensors:
            return answer(self._prepare(given))

        whole = self._make_whole(lambda name, part, given: part.fit_exactly(given[name]), answer)
        texts = "texts" if self.takes_strings else "rows of tokens"
        what = f"files (JPEG or PNG, of 8 bits per channel), {texts}, numbers (NaN where one is missing) and words"
        return [Endpoint("files", f"by name, of what there is: {what}", self._list_raw(), answer_raw), whole]

    def _make_whole(
        self, fit: Callable[[str, ImageGraphs, Tensors], tf.Tensor], answer: Callable[[Tensors], Tensors]
    ) -> Endpoint:
        """Return `examples`, whose pictures are fitted by a function of name, part and inputs."""
        # Now, since no model can be made while a graph is traced.
        _ = self.portable_model

        def call(**given: tf.Tensor) -> Tensors:
            return answer({**given, **{name: fit(name, part, given) for name, part in self.images.items()}})

        what = (
            "decoded RGB images of one size, rows of tokens, numbers and numbers of words, as preprocessing.json says"
        )
        specs = {name: _describe_image(part) for name, part in self.images.items()}
        specs |= {} if self.texts is None else self.texts.token_specs
        return Endpoint("examples", what, specs | self._list_columns(tf.int32), call)

    def _list_columns(self, words: tf.DType) -> dict[str, tf.TensorSpec]:
        sizes = {NUMBERS: (len(self._encoding.numbers), tf.float32), WORDS: (len(self._encoding.words), words)}
        return {name: tf.TensorSpec([None, size], kind) for name, (size, kind) in sizes.items() if size}

    def _list_raw(self) -> dict[str, tf.TensorSpec]:
        specs: dict[str, tf.TensorSpec] = {}
        for name, part in self.images.items():
            is_file = part.intensity is None
            specs |= {f"{name}_bytes": tf.TensorSpec([None], tf.string)} if is_file else {name: _describe_image(part)}
        if self.takes_strings:
            specs |= {name: tf.TensorSpec([None], tf.string) for name in self._text_names}
        elif self.texts is not None:
            specs |= self.texts.token_specs
        return specs | self._list_columns(tf.string)

    @property
    def _text_names(self) -> tuple[str, ...]:
        return TEXT_NAMES[: len(self.columns.texts)]

    def _prepare(self, given: Tensors) -> Tensors:
        """Return the inputs of the model for those of `files`; a graph function."""
        found = dict(given)
        for name, part in self.images.items():
            is_file = part.intensity is None
            found[name] = part.fit_files(found.pop(f"{name}_bytes")) if is_file else part.fit_exactly(given[name])
        if self.takes_strings and self.texts is not None:
            texts = [found.pop(name) for name in self._text_names]
            found |= dict(read_rows(self.texts.serving.rows, texts))
        if self._encoding.words:
            found[WORDS] = number_words(self._encoding, found[WORDS])
        return found

    def _answer(self, given: Tensors) -> Tensors:
        return self.name_outputs(self.portable_model(dict(given), training=False))

    def resources(self) -> list[Any]:
        """Return what the tokenizer holds for `raw`."""
        return [] if self.texts is None else self.texts.resources()

    def files(self, inputs: str = "portable") -> dict[str, bytes]:
        """Return the files of the tokenizer, where there is a text."""
        return {} if self.texts is None else self.texts.files(inputs)

    def preprocessing(self, inputs: str = "portable") -> dict[str, Any]:
        """Return the content of preprocessing.json, with what predict.py reads tables by under `example` and `text`."""
        own = {} if self.texts is None else self.texts.preprocessing(inputs)
        readings = [part.serving.reading for part in self.images.values()]
        example = {
            "images": dict(self.columns.images),
            "texts": list(self.columns.texts),
            "numbers": [each.name for each in self._encoding.numbers],
            "words": {each.name: list(each.categories) for each in self._encoding.words},
            "missing": list(MISSING),
            "exif": "apply" if all(each.turns for each in readings) else "ignore",
            "intensity": next((list(each.intensity) for each in readings if each.intensity), None),
            "are_strings": inputs == "raw" and self.takes_strings,
        }
        more = {key: own[key] for key in ("tokenizer", "no_strings") if key in own}
        return {**super().preprocessing(inputs), **more, "text": own.get("text", {}), "example": example}


def number_words(encoding: ColumnEncoding, words: tf.Tensor) -> tf.Tensor:
    """Return the numbers of the categories of words [batch, columns], int32, as `WordList.number`; a graph function."""
    found = []
    for place, each in enumerate(encoding.words):
        same = tf.strings.strip(words[:, place, tf.newaxis]) == tf.constant(each.categories)[tf.newaxis]
        number = tf.argmax(tf.cast(same, tf.int32), axis=1, output_type=tf.int32) + 1
        found.append(tf.where(tf.reduce_any(same, axis=1), number, 0))
    return tf.stack(found, axis=1)


def _describe_image(part: ImageGraphs) -> tf.TensorSpec:
    return tf.TensorSpec([None, None, None, 3], tf.uint8 if part.intensity is None else tf.float32)
