"""Filling in hidden words with the model of a run."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import keras_hub
import numpy as np

from kerastune_ft.backbones.language.masked_input import MaskedInput
from kerastune_ft.backbones.text_input import PADDING_MASK, SEGMENT_IDS, TOKEN_IDS
from kerastune_ft.inference.items import Item
from kerastune_ft.inference.language.hidden_word_predictor import HiddenWordPredictor

_WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "tea", "rain", "good", "##s"]


def _make(scores: np.ndarray) -> tuple[HiddenWordPredictor, list[dict[str, np.ndarray]]]:
    """A predictor whose model gives the same scores at every place; and the rows that it was called with."""
    names = (TOKEN_IDS, PADDING_MASK, SEGMENT_IDS)
    made = object.__new__(HiddenWordPredictor)
    given = MaskedInput(keras_hub.tokenizers.BertTokenizer(vocabulary=_WORDS), names, (2,), (3,), (3,), 0, 8, 8)
    called: list[dict[str, np.ndarray]] = []

    def compute(rows: Any) -> np.ndarray:
        called.append({name: np.asarray(row) for name, row in rows.items()})
        return np.broadcast_to(scores, (1, rows[TOKEN_IDS].shape[1], len(scores)))

    vars(made).update(
        _settings=SimpleNamespace(limit=8, sizes=(8,)), _given=given, _words=given.list_words(),
        _names=("[MASK]",), _outputs=compute, _done=0, _cut=0,
    )  # fmt: skip
    return made, called


def test_the_likeliest_word_is_filled_in() -> None:
    predictor, called = _make(np.log([9, 1e-9, 9, 9, 9, 1, 2, 5, 2]))
    (row,) = predictor.answer([Item("t", texts=("good [MASK] rain",))], 1)
    assert (row["word"], row["text"], row["error"]) == ("good", "good good rain", None)
    assert abs(row["probability"] - 0.5) < 1e-6, "special tokens are none of the words"
    assert row["others"].startswith("rain 0.2000, ##s 0.2000, tea 0.1000")
    assert called[0][TOKEN_IDS][0].tolist() == [2, 7, 4, 6, 3, 0, 0, 0]
    assert called[0][PADDING_MASK][0].tolist() == [1, 1, 1, 1, 1, 0, 0, 0]


def test_a_part_of_a_word_is_joined_to_it() -> None:
    predictor, _ = _make(np.log([1, 1, 1, 1, 1, 1, 1, 1, 8]))
    (row,) = predictor.answer([Item("t", texts=("tea [MASK].",))], 1)
    assert (row["word"], row["text"]) == ("##s", "teas.")


def test_texts_without_a_mask_or_with_several_are_said() -> None:
    predictor, _ = _make(np.ones(9))
    texts = ("tea", "[MASK] and [MASK]")
    none, two = predictor.answer([Item(text, texts=(text,)) for text in texts], 2)
    assert "has no [MASK]: write it once" in none["error"]
    assert "has 2 hidden words" in two["error"]
    assert none["word"] is None


def test_long_texts_keep_what_is_around_the_mask() -> None:
    predictor, called = _make(np.ones(9))
    predictor.answer([Item("t", texts=("tea " * 9 + "[MASK]" + " rain" * 9,))], 1)
    assert called[0][TOKEN_IDS][0].tolist() == [2, 5, 5, 4, 6, 6, 6, 3]
    assert predictor.notes() == ["1 of 1 text was cut to the 8 tokens around the mask"]
