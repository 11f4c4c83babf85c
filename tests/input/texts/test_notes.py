from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np

from kerastune_ft.backbones.text_input import TextInput
from kerastune_ft.input.texts.notes import describe_cut, describe_unknown
from kerastune_ft.input.texts.row_settings import Rows, pack_texts
from kerastune_ft.input.texts.tokenise import Tokens

TEXT = TextInput(SimpleNamespace(unk_token_id=7), ("token_ids", "padding_mask"), (1,), (2,), (2,), 0, 64, 16)


def rows(window: int | None, *lengths: int, limit: int = 8) -> Rows:
    ids = np.full(sum(lengths), 5, np.int32)
    return pack_texts(
        dataclasses.replace(TEXT, window=window), [Tokens(ids, np.cumsum([0, *lengths]))], window or limit
    )


def test_texts_that_are_cut_are_told_with_what_to_try() -> None:
    (note,) = describe_cut(rows(None, 3, 10, 16), 8)
    assert note.startswith("2 of 3 texts are cut to 8 tokens and lose 14 tokens, 7 in the mean")
    assert '"long_texts": "windows" reads them whole, which may help where' in note
    assert describe_cut(rows(None, 3), 8) == []
    assert "windows" not in describe_cut(rows(None, 10), 8, parts=2)[0]


def test_texts_in_windows_are_told_with_their_cost() -> None:
    (note,) = describe_cut(rows(8, 3, 10, 16, 6), 8)
    assert note.startswith("2 of 4 texts are longer than 8 tokens and are read in 2 to 3 windows: 7 windows in all, ")
    (note,) = describe_cut(rows(8, 3, 6), 8)
    assert "no text is longer than 8 tokens" in note
    _, lost = describe_cut(rows(8, 3, 6 * 16 + 5), 8)
    assert lost.startswith("1 of 2 texts is cut to 16 windows of 8 tokens and loses 5 tokens")


def test_unknown_words_are_told_by_text() -> None:
    made = rows(8, 3)
    assert describe_unknown(made) == []
    ids = np.array([7, 7, *[5] * 9, 7, 5], np.int32)
    made = pack_texts(dataclasses.replace(TEXT, window=8), [Tokens(ids, np.array([0, 12, 13]))], 8)
    (note,) = describe_unknown(made)
    assert note.startswith("1 of 2 texts has characters or words that the tokenizer does not know: 3 unknown tokens")
