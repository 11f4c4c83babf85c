"""Text models as graphs: rows of tokens of any length, and strings for TensorFlow itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import keras
import tensorflow as tf

from kerastune_ft.data.texts.blank import SHAPELESS
from kerastune_ft.exporting.graphs.base import Endpoint, Graphs, Tensors
from kerastune_ft.exporting.graphs.strings import explain_refusal, list_resources, read_rows
from kerastune_ft.exporting.tokenizers.base import PortableTokenizer
from kerastune_ft.exporting.tokenizers.build import make_portable
from kerastune_ft.input.texts.windows import MOST_WINDOWS
from kerastune_ft.saved_model.texts import TextServing


class TextGraphs(Graphs):
    """The endpoint `tokens` of a model of texts."""

    form = "text"
    serving: TextServing

    @cached_property
    def model(self) -> keras.Model:
        """Return the model from rows of tokens, of any length, to answers."""
        return self.serving.model(self.answer)

    @cached_property
    def tokenizer(self) -> PortableTokenizer:
        """Return the tokenizer for libraries other than keras-hub; raise ConfigError or PromiseError without one."""
        return make_portable(self.serving.rows.text.tokenizer, (), self.serving.settings.name)

    @property
    def token_specs(self) -> dict[str, tf.TensorSpec]:
        """Return the specs of rows of tokens by name, of any length; of texts in windows they have one more axis."""
        text = self.serving.rows.text
        shape: list[int | None] = [None, None] if text.window is None else [None, None, text.window]
        return {name: tf.TensorSpec(shape, tf.int32) for name in text.names}

    def portable(self) -> list[Endpoint]:
        """Return `tokens`."""
        text, model = self.serving.rows.text, self.portable_model
        windows = "" if text.window is None else f", in windows of {text.window}"

        def answer(**rows: tf.Tensor) -> Tensors:
            return self.name_outputs(model(rows, training=False))

        what = f"rows of tokens, as preprocessing.json says, of any length up to {self.serving.rows.limit}{windows}"
        return [Endpoint("tokens", what, self.token_specs, answer)]

    @cached_property
    def refusal(self) -> str | None:
        """Return why no graph can take strings, in words; None where `raw` has them."""
        return explain_refusal(self.serving.rows)

    def raw(self) -> list[Endpoint]:
        """Return `text`, where a graph can take strings, and `tokens`."""
        (tokens,), rows = self.portable(), self.serving.rows
        plain = tokens.call
        if self.refusal is not None:
            return [replace(tokens, call=lambda **given: self.add_labels(plain(**given)))]
        names = ("text", "second")[: rows.parts]
        what = "strings in UTF-8, of any length" + ("; `second` has the second of each pair" if rows.parts == 2 else "")

        def answer(**texts: tf.Tensor) -> Tensors:
            return self.add_labels(plain(**read_rows(rows, [texts[name] for name in names])))

        tokens = replace(tokens, call=lambda **given: self.add_labels(plain(**given)))
        return [Endpoint("text", what, {name: tf.TensorSpec([None], tf.string) for name in names}, answer), tokens]

    def resources(self) -> list[Any]:
        """Return what the tokenizer holds for `raw`."""
        return [] if self.refusal is not None else list_resources(self.serving.rows)

    def choose_form(self, inputs: str) -> str:
        """Return `strings` where predict.py gives texts as they are to the model, else `text`."""
        return "strings" if inputs == "raw" and self.refusal is None else self.form

    def files(self, inputs: str = "portable") -> dict[str, bytes]:
        """Return the files of the tokenizer, for other libraries or for keras-hub."""
        return _FILES[_choose_library(self, inputs)](self)

    def preprocessing(self, inputs: str = "portable") -> dict[str, Any]:
        """Return the content of preprocessing.json, with the tokenizer, and what rows are made by under `text`."""
        rows = self.serving.rows
        about = {
            "texts": rows.parts,
            "inputs": list(rows.text.names),
            "start": list(rows.text.start),
            "separator": list(rows.text.separator),
            "end": list(rows.text.end),
            "padding": rows.text.pad,
            "longest": rows.limit if rows.text.window is None else rows.text.window,
            "sizes": list(rows.sizes),
            "most_windows": None if rows.text.window is None else MOST_WINDOWS,
            "invisible": "".join(sorted(SHAPELESS)),
        }
        found = super().preprocessing(inputs)
        is_portable = _choose_library(self, inputs) == "portable"
        tokenizer = {"tokenizer": dict(self.tokenizer.about)} if is_portable else {}
        strings = {} if self.refusal is None or inputs != "raw" else {"no_strings": self.refusal}
        return {**found, **tokenizer, **strings, "text": about}


def _choose_library(graphs: TextGraphs, inputs: str) -> str:
    """Return whose files the tokenizer of an export are: `portable`, `keras`, or `none` with strings in the graph."""
    return "none" if graphs.choose_form(inputs) == "strings" else "keras" if inputs == "keras" else "portable"


_FILES: Mapping[str, Callable[[TextGraphs], dict[str, bytes]]] = {
    "none": lambda graphs: {},
    "keras": lambda graphs: {name.removeprefix("model/"): content for name, content in graphs.serving.files().items()},
    "portable": lambda graphs: dict(graphs.tokenizer.files),
}
"""The files of the tokenizer, by whose they are."""
