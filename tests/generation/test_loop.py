"""The loop over tokens in steps of any number gives the same rows."""

from __future__ import annotations

import numpy as np

from kerastune_ft.config.options.language.tasks import Generation
from kerastune_ft.generation.decoding import TOKENS, CausalDecoding
from kerastune_ft.generation.loop import Batch, Loop
from kerastune_ft.generation.sampling import Draws
from tests.support.tiny_writer import build_backbone


def test_steps_of_any_number_write_the_same():
    decoding = CausalDecoding(build_backbone().generator.body, 64)
    loop, options = Loop(decoding, ()), Generation(max_new_tokens=9, temperature=1.0)
    draws = Draws.of([(0, key, options) for key in (0, 1)])
    prompts = [np.array([7, 8, 9, 10]), np.array([90])]

    def write(step: int) -> tuple[np.ndarray, int]:
        inputs = decoding.arrange(prompts, 4, 13)
        counts = np.array([4, 1], np.int32)
        batch = Batch(inputs[TOKENS], counts, counts + 9, np.zeros(2, bool))
        turns = sum(1 for _ in loop.write(inputs, batch, draws, step))
        assert batch.done.all()
        return batch.tokens, turns

    whole, turns = write(100)
    assert turns == 1
    parts, turns = write(5)
    assert turns == 3
    np.testing.assert_array_equal(parts, whole)
    assert (whole[1, 10:] == 0).all() and (whole[0, :4] == prompts[0]).all()
