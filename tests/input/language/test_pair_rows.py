from __future__ import annotations

import numpy as np

from kerastune_ft.data.dialogues.turns import make_pair
from kerastune_ft.input.language.pair_rows import PairSettings, read_shapes
from tests.support.tiny_pairs import PAIRS, byte_input

SETTINGS = PairSettings(byte_input(), (8, 12), ((8, 8), (8, 12)))


def read(row: np.ndarray) -> bytes:
    return bytes(row.tolist())


def test_rows_have_the_special_tokens_of_the_family() -> None:
    rows = SETTINGS.pack([make_pair(*PAIRS[1])])
    inputs, targets = rows.pad(np.array([0]), (8, 8), 0)
    assert read(inputs["encoder_token_ids"][0]) == b"\2klm\3\0\0\0"
    assert inputs["encoder_padding_mask"][0].tolist() == [1, 1, 1, 1, 1, 0, 0, 0]
    assert read(inputs["decoder_token_ids"][0]) == b"\3\2kl\0\0\0\0"
    # The target of a position is what follows it; the start is given and not learnt.
    assert read(targets["labels"][0]) == b"\2kl\3\0\0\0\0"
    assert targets["weights"][0].tolist() == [0, 1, 1, 1, 0, 0, 0, 0]
    assert inputs["decoder_padding_mask"][0].tolist() == [1, 1, 1, 1, 0, 0, 0, 0]


def test_long_texts_lose_their_ends_and_keep_their_last_special_token() -> None:
    rows = SETTINGS.pack([make_pair(*pair) for pair in PAIRS])
    assert read(rows.sources.read(0)[0]) == b"\2abcdef\3"
    assert rows.sources.lost.tolist() == [4, 0, 10]
    assert read(rows.targets.read(2)[0]) == b"\3\2" + b"x" * 10 + b"\3"
    assert rows.targets.lost.tolist() == [0, 0, 10]
    assert rows.target_lengths.tolist() == [4, 4, 12]


def test_a_text_without_another_is_read_as_in_training() -> None:
    tokens, lost = SETTINGS.encode_source("abcdefghij")
    assert (read(tokens), lost) == (b"\2abcdef\3", 4)


def test_settings_come_back_from_a_plan() -> None:
    entry = {"sequence_length": 8, "target_length": 12, "shapes": [[8, 8]], "rows": SETTINGS.given.to_json()}
    found = PairSettings.from_plan(entry, SETTINGS.given.tokenizer)
    assert (found.limits, found.shapes) == (SETTINGS.limits, SETTINGS.shapes)
    assert found.given.decoder_start == (3, 2)
    assert read_shapes({**entry, "shapes": [[8, 12], [8, 8]]}) == ((8, 8), (8, 12))
