"""The choice of tokens: the best one, and draws whose shares are those of the probabilities."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from kerastune_ft.config.options.language.tasks import Generation
from kerastune_ft.generation.sampling import Sampling
from kerastune_ft.graph.randomness import example_keys

SCORES = np.log(np.array([0.4, 0.3, 0.2, 0.08, 0.02], np.float32))
_DRAWS = 20_000


def draw(rows: int = _DRAWS, **options: float) -> np.ndarray:
    own = Generation(**options)
    keys = example_keys("0/test", 0, tf.range(rows, dtype=tf.int64))
    found = Sampling.of(own).choose(
        tf.constant(np.tile(SCORES, (rows, 1))),
        keys,
        tf.fill([rows, 1], own.temperature),
        tf.fill([rows, 1], own.top_k or 1),
        tf.fill([rows, 1], own.top_p or 1.0),
    )
    return np.bincount(found, minlength=5) / rows


def test_without_temperature_the_best_is_taken():
    assert draw(3).tolist() == [1, 0, 0, 0, 0]
    assert Sampling.of(Generation(top_k=3, top_p=0.5)) == Sampling(False, False, False)


def test_shares_of_draws_are_the_probabilities():
    np.testing.assert_allclose(draw(temperature=1.0), np.exp(SCORES), atol=0.012)
    sharper = np.exp(2 * SCORES) / np.exp(2 * SCORES).sum()
    np.testing.assert_allclose(draw(temperature=0.5), sharper, atol=0.012)


def test_only_the_best_are_drawn():
    np.testing.assert_allclose(draw(temperature=1.0, top_k=2), [4 / 7, 3 / 7, 0, 0, 0], atol=0.012)
    # .4 + .3 reach .65, so that the third is left out; .75 needs it.
    np.testing.assert_allclose(draw(temperature=1.0, top_p=0.65), [4 / 7, 3 / 7, 0, 0, 0], atol=0.012)
    np.testing.assert_allclose(draw(temperature=1.0, top_p=0.75), np.array([4, 3, 2, 0, 0]) / 9, atol=0.012)
    np.testing.assert_allclose(draw(temperature=1.0, top_k=3, top_p=0.4), [1, 0, 0, 0, 0])
    assert (draw(temperature=1.0, top_k=50) > 0).all()
