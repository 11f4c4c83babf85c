from __future__ import annotations

import dataclasses

import numpy as np

from kerastune_ft.backbones.text_input import TextInput
from kerastune_ft.input.texts.row_settings import RowSettings, read_sizes
from kerastune_ft.input.texts.tokenise import Tokens

TEXT = TextInput("letters", ("token_ids", "padding_mask"), (1,), (2,), (2,), 0, 64, 16)
TOKENS = Tokens(np.arange(10, 30, dtype=np.int32), np.array([0, 2, 20]))


def test_texts_of_a_run_become_the_rows_that_they_were_then() -> None:
    entry = {"sequence_length": 12, "lengths": [8], "rows": TEXT.to_json(), "texts": 1}
    settings = RowSettings.from_plan(entry, "letters")
    assert (settings.text, settings.limit, settings.sizes) == (TEXT, 12, (8, 12))
    assert settings.pack([TOKENS]).lengths.tolist() == [4, 12]


def test_texts_of_a_run_in_windows_are_read_in_windows() -> None:
    text = dataclasses.replace(TEXT, window=8)
    entry = {"sequence_length": 8, "lengths": [8], "windows": {"numbers": [1, 3], "most": 16}}
    settings = RowSettings.from_plan({**entry, "rows": text.to_json(), "texts": 1}, "letters")
    assert (settings.text, settings.limit, settings.sizes) == (text, 8, (1, 3, 16))
    assert settings.pack([TOKENS]).sizes.tolist() == [1, 3]


def test_the_largest_size_is_what_the_model_takes() -> None:
    assert read_sizes({"sequence_length": 48, "lengths": [16, 48]}) == (16, 48)
    assert read_sizes({"sequence_length": 48, "lengths": [48], "windows": {"numbers": [2], "most": 16}}) == (2, 16)
