"""The saved model of texts: token ids and mask in, and beside it the tokenizer's files and how they are used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from kerastune_ft.backbones.text_input import SEGMENT_IDS, TextInput
from kerastune_ft.input.token_loader import TokenLoader
from kerastune_ft.input.tokenise import tokenizer_files
from kerastune_ft.saved_model import base
from kerastune_ft.training.session.session import Session

TOKENIZER = "model/tokenizer"


def serving_model(session: Session) -> keras.Model:
    """Return the model that is saved: a dict of int32 [batch, length], of any length, to probabilities or values.

    Built outside the strategy; it opens with Keras and keras-hub alone.
    """
    names = _text(session).names
    inputs = {name: keras.Input((None,), dtype="int32", name=name) for name in names}
    outputs = session.task.finish(base.trained(session)(inputs, training=False))
    return keras.Model(inputs, outputs, name=session.model.name)


def preprocessing(session: Session) -> dict[str, Any]:
    """Return what preprocessing.json says of the way from a text to the model's outputs."""
    text, loader = _text(session), _loader(session)
    has_files = bool(tokenizer_files(text.tokenizer))
    return {
        "input": "a dict of int32 [batch, length] by name; any length up to sequence_length does",
        "names": list(text.names),
        "tokenizer": {
            "class": type(text.tokenizer).__name__,
            "folder": "tokenizer" if has_files else None,
            "open_with": 'keras_hub.tokenizers.Tokenizer.from_preset("tokenizer")' if has_files else "keras_hub",
        },
        "texts": len(loader.source.texts[0]),
        "start": list(text.start),
        "separator": list(text.separator),
        "end": list(text.end),
        "padding": text.pad,
        "sequence_length": loader.limit,
        "lengths": list(loader.lengths),
        "row": "start, tokens, end; of a pair start, first, separator, second, end. Padding follows, to the next of "
        "lengths, and has 0 in padding_mask, where all else has 1"
        + ("; segment_ids are 1 from the second text on" if SEGMENT_IDS in text.names else ""),
        "too_long": "tokens are cut from the end of a text; of a pair from the longer one first",
        "inside_the_model": [session.backbone.preprocessing],
        "output": f"{session.task.finished} in the order of labels.json",
    }


def files(session: Session) -> dict[str, bytes]:
    """Return the files that belong beside the model, by name: those keras-hub opens the tokenizer from."""
    return {f"{TOKENIZER}/{name}": content for name, content in tokenizer_files(_text(session).tokenizer).items()}


def outputs(session: Session, model: keras.Model, indices: Sequence[int]) -> np.ndarray:
    """Return what a serving model gives for examples, each padded as far as it was in training."""
    loader = _loader(session)
    return np.concatenate([np.asarray(model(loader(np.array([index])), training=False)) for index in indices])


def _text(session: Session) -> TextInput:
    assert isinstance(session.backbone.input, TextInput)
    return session.backbone.input


def _loader(session: Session) -> TokenLoader:
    assert isinstance(session.loader, TokenLoader)
    return session.loader
