"""A small model of a picture, a text, numbers and words that was never trained, for the tests of exports."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np

from kerastune_ft.backbones.several import COLUMNS
from kerastune_ft.config.options.inputs import InputColumns
from kerastune_ft.data.several.columns import ColumnCells
from kerastune_ft.data.several.encoding import ColumnEncoding
from kerastune_ft.exporting.graphs.base import Origin
from kerastune_ft.exporting.graphs.several import SeveralGraphs
from kerastune_ft.saved_model.several import SeveralServing
from tests.support.tiny_servings import HEIGHT, WIDTH, classes_task, make_serving
from tests.support.tiny_text_servings import make_text_serving

INPUTS = InputColumns(image="photos/{id}.png", text="note", numbers=("age", "dose"), words=("ward", "arm"))
CELLS = ColumnCells(
    {"age": np.array([10.0, 20.0, math.nan]), "dose": np.array([1.0, 2.0, 4.0])},
    {"ward": ["B", "A", ""], "arm": ["l", "r", "l"]},
)


def make_several_graphs(tokenizer: Any) -> SeveralGraphs:
    """Return the graphs of a model whose answers depend on all inputs."""
    keras.utils.clear_session()
    task, encoding = classes_task(), ColumnEncoding.fit(CELLS, np.arange(3))
    image, text = make_serving(task), make_text_serving(tokenizer)
    image.trained.name = "small_image"
    inputs: dict[str, Any] = {"image": keras.Input((HEIGHT, WIDTH, 3), name="image")}
    inputs |= {name: keras.Input((None,), dtype="int32", name=name) for name in text.rows.text.names}
    inputs[COLUMNS] = keras.Input((encoding.width,), name=COLUMNS)
    tokens = {name: inputs[name] for name in text.rows.text.names}
    joined = keras.layers.Concatenate()([image.trained(inputs["image"]), text.trained(tokens), inputs[COLUMNS]])
    kernel = keras.initializers.GlorotUniform(1)
    outputs = keras.layers.Dense(3, name="joined_logits", kernel_initializer=kernel)(joined)
    trained = keras.Model(inputs, outputs, name="several")
    parts = {"image": image, "text": text}
    graphs = SeveralGraphs(SeveralServing(trained, task, image.settings, parts, encoding))
    graphs.origin = Origin(None, "several_inputs", "", None, None, INPUTS)
    return graphs
