"""Small models of texts that were never trained, with their tasks, for the tests of exports."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from kerastune_ft.backbones.text_input import PADDING_MASK, SEGMENT_IDS, TOKEN_IDS, TextInput
from kerastune_ft.config.options.heads import Head
from kerastune_ft.config.options.tasks import TextClassification
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.input.texts.row_settings import RowSettings
from kerastune_ft.saved_model.base import ServingSettings
from kerastune_ft.saved_model.texts import TextServing
from kerastune_ft.tasks.classification import Classification

TEXTS = ("the film", "a good, warm day!", "é ß … naïve", "so on and on " * 9, "x")
PAIRS = (("the film", "so on"), ("so on and on " * 9, "a"), ("a", "so on and on " * 9), ("the film " * 9, "day " * 9))


def make_text_serving(tokenizer: Any, parts: int = 1, window: int | None = None, **options: Any) -> TextServing:
    """Return a model whose answers depend on all tokens, on which text they are of and on how many there are."""
    names = (TOKEN_IDS, PADDING_MASK, SEGMENT_IDS)
    given = {"start": (2,), "separator": (3, 3), "end": (3,), "pad": 0} | options
    text = TextInput(tokenizer, names, **given, maximum_length=512, default_length=16, window=window)
    shape = (None,) if window is None else (None, window)
    inputs = {name: keras.Input(shape, dtype="int32", name=name) for name in names}
    tokens = keras.layers.Embedding(tokenizer.vocabulary_size() + 2, 8, name="tokens")(inputs[TOKEN_IDS])
    both = tokens + keras.layers.Embedding(2, 8, name="segments")(inputs[SEGMENT_IDS])
    mask = keras.ops.cast(inputs[PADDING_MASK], "float32")[..., np.newaxis]
    axes = (1,) if window is None else (1, 2)
    total = keras.ops.sum(both * mask, axis=axes) / (keras.ops.sum(mask, axis=axes) + 1.0)
    model = keras.Model(inputs, keras.layers.Dense(2, name="logits")(total * 9.0), name="small")
    task = Classification(TextClassification(kind="text_classification"), Head(), LabelScheme("one", ("no", "yes")), 0)
    limit, sizes = (16, (8, 16)) if window is None else (window, (1, 2, 16))
    return TextServing(model, task, ServingSettings("small", "tokens"), RowSettings(text, parts, limit, sizes))
