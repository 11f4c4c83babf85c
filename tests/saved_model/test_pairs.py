from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from kerastune_ft.input.language.pair_rows import PairSettings
from kerastune_ft.saved_model.base import ServingSettings
from kerastune_ft.saved_model.pairs import PairServing
from tests.support.tiny_pairs import PAIRS, byte_input, pair_source

TASK: Any = SimpleNamespace(output_name="scores")


def serve() -> PairServing:
    pairs = PairSettings(byte_input(), (16, 24), ((8, 8), (16, 24)))
    return PairServing(SimpleNamespace(variables=[]), TASK, ServingSettings("tiny", "tokens"), pairs)  # type: ignore[arg-type]


def test_the_rows_of_both_texts_are_described() -> None:
    about = serve().preprocessing()
    assert about["names"][:2] == ["encoder_token_ids", "encoder_padding_mask"]
    assert (about["sequence_length"], about["target_length"]) == (16, 24)
    assert (about["decoder_start"], about["decoder_end"]) == ([3, 2], [3])


def test_losses_are_those_of_the_tokens_to_learn() -> None:
    serving = serve()
    samples = serving.samples(pair_source(PAIRS), [1, 2])
    assert [inputs["decoder_token_ids"].shape for inputs, _ in samples] == [(1, 8), (1, 24)]

    def even_scores(inputs: Any, training: bool) -> np.ndarray:
        return np.zeros((*inputs["decoder_token_ids"].shape, 256))

    found = serving.call(even_scores, samples)  # type: ignore[arg-type]
    # Every byte is as probable: two letters and an end, twenty letters and an end.
    assert np.allclose(found, [[3 * np.log(256), 3], [21 * np.log(256), 21]])
