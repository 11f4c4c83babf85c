"""Which tokens are special to a tokenizer, and which may stand in for others."""

from __future__ import annotations

from types import SimpleNamespace

import keras_hub
import numpy as np
import pytest

from kerastune_ft.backbones.language.masked_input import MaskedInput, read_masking
from kerastune_ft.backbones.text_input import TextInput
from kerastune_ft.errors import ConfigError


def _make(tokenizer: object) -> MaskedInput:
    return MaskedInput.of(TextInput(tokenizer, ("token_ids", "padding_mask"), (2,), (3,), (3,), 0, 64, 64))


def test_words_are_all_tokens_but_special_ones() -> None:
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "tea", "rain", "##s"]
    given = _make(keras_hub.tokenizers.BertTokenizer(vocabulary=words))
    assert read_masking(given) == {"mask": 4, "mask_name": "[MASK]"}
    assert set(given.list_words()) <= {1, 5, 6, 7}
    assert {5, 6, 7} <= set(given.list_words())
    assert not set(given.list_words()) & set(given.list_special())
    assert given.modality == "masked"


def test_bytes_have_a_control_character_for_a_mask() -> None:
    given = _make(keras_hub.tokenizers.ByteTokenizer(lowercase=False))
    assert given.list_special().tolist() == [0, 2, 3, 26]
    assert len(given.list_words()) == 252
    assert given.list_words().dtype == np.int32


def test_a_tokenizer_without_a_mask_token_is_refused() -> None:
    with pytest.raises(ConfigError, match="has no mask token"):
        _ = _make(SimpleNamespace(save_assets=None)).mask
