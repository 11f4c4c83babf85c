"""Hashes of the parts of a session that are neither data nor weights."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import keras
import keras_hub
import numpy as np
import pytest

from kerastune_ft.input.texts.tokenise import hash_tokenizer_parts
from kerastune_ft.training.parts import MEANINGS, hash_parts, shape_of_inputs


def session(activation: str = "relu", offset: float = 0.0, kept_head: Any = None, **loader: str) -> Any:
    keras.utils.clear_session()
    images = keras.Input((8, 8, 3), name="image")
    x = keras.layers.Rescaling(1 / 255, offset=offset)(images)
    model = keras.Model(images, keras.layers.Conv2D(2, 3, activation=activation)(x))
    backbone = SimpleNamespace(model=model, kept_head=kept_head or {})
    return SimpleNamespace(backbone=backbone, loader=SimpleNamespace(part_hashes=lambda: dict(loader)))


def test_activations_and_preprocessing_are_part_of_the_structure_and_weights_are_not() -> None:
    known = hash_parts(session())["structure"]
    assert hash_parts(session())["structure"] == known
    assert hash_parts(session(activation="gelu"))["structure"] != known
    assert hash_parts(session(offset=-1.0))["structure"] != known


def test_a_kept_head_is_known_by_its_weights() -> None:
    head = {"head_output": [np.ones((2, 3)), np.zeros(3)]}
    known = hash_parts(session(kept_head=head))
    assert hash_parts(session(kept_head=head)) == known
    assert hash_parts(session(kept_head={"head_output": [np.ones((2, 3)), np.ones(3)]})) != known
    assert "kept_head" not in hash_parts(session())


def test_the_parts_of_the_loader_are_among_them_and_all_have_words() -> None:
    found = hash_parts(session(kept_head={"a": [np.ones(1)]}, tokenizer="t", vocabulary="v"))
    assert (found["tokenizer"], found["vocabulary"]) == ("t", "v")
    assert found.keys() == MEANINGS.keys()


def test_a_tokenizer_is_known_by_options_and_vocabulary_apart() -> None:
    def tokenizer(words: list[str], lowercase: bool) -> Any:
        special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        return keras_hub.tokenizers.BertTokenizer(vocabulary=[*special, *words], lowercase=lowercase)

    known = hash_tokenizer_parts(tokenizer(["a", "b"], True))
    cased, longer = (
        hash_tokenizer_parts(tokenizer(["a", "b"], False)),
        hash_tokenizer_parts(tokenizer(["a", "c"], True)),
    )
    assert known == hash_tokenizer_parts(tokenizer(["a", "b"], True))
    assert known["tokenizer"] != cased["tokenizer"] and known["vocabulary"] == cased["vocabulary"]
    assert known["tokenizer"] == longer["tokenizer"] and known["vocabulary"] != longer["vocabulary"]
    assert set(hash_tokenizer_parts(keras_hub.tokenizers.ByteTokenizer(lowercase=False))) == {"tokenizer"}


ROWS = {"names": ["token_ids"], "start": [2], "separator": [3], "end": [3], "pad": 0, "default_length": 512}
PLAN = {
    "backbone": {"preprocessing": "0 to 1"},
    "text": {"sequence_length": 128, "lengths": [64, 128], "rows": ROWS, "mean_tokens": 3.5},
    "sound": None,
}


@pytest.mark.parametrize(
    ("changed", "is_same"),
    [
        ({"sequence_length": 256}, False),
        ({"lengths": [128]}, False),
        ({"rows": {**ROWS, "end": [4]}}, False),
        ({"rows": {**ROWS, "default_length": 64}}, True),
        ({"mean_tokens": 4.0}, True),
    ],
)
def test_what_changes_the_rows_of_tokens_is_in_their_shape(changed: dict[str, Any], is_same: bool) -> None:
    other = {**PLAN, "text": {**PLAN["text"], **changed}}  # type: ignore[dict-item]
    assert (shape_of_inputs(other) == shape_of_inputs(PLAN)) == is_same


def test_the_numbers_of_windows_are_in_the_shape() -> None:
    def plan(**windows: Any) -> dict[str, Any]:
        return {**PLAN, "text": {**PLAN["text"], "windows": {"numbers": [1, 3], "most": 16, **windows}}}  # type: ignore[dict-item]

    assert shape_of_inputs(plan(total=7)) == shape_of_inputs(plan())
    assert shape_of_inputs(plan(numbers=[3])) != shape_of_inputs(plan())
    assert shape_of_inputs(plan(most=8)) != shape_of_inputs(plan())


def test_rate_and_length_of_sounds_are_in_their_shape() -> None:
    plan = {"backbone": {"preprocessing": "log-mel"}, "text": None, "sound": {"sample_rate": 16000, "seconds": 1.0}}
    assert shape_of_inputs(plan) != shape_of_inputs({**plan, "sound": {"sample_rate": 8000, "seconds": 1.0}})
    assert shape_of_inputs({}) == {"the preprocessing of the backbone": None}
