"""The choice of tokens: the best one, and draws whose shares are those of the probabilities."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from kerastune_ft.config.options.language.tasks import Generation
from kerastune_ft.generation.sampling import Draws
from kerastune_ft.graph.randomness import example_keys

SCORES = np.log(np.array([0.4, 0.3, 0.2, 0.08, 0.02], np.float32))
_DRAWS = 20_000


def choose(scores: np.ndarray, options: list[Generation]) -> np.ndarray:
    drawn = Draws.of([(0, key, own) for key, own in enumerate(options)])
    found: np.ndarray = drawn.choose(tf.constant(scores)).numpy()
    return found


def draw(rows: int = _DRAWS, **options: float) -> np.ndarray:
    own = Draws.of([(0, 0, Generation(**options))])
    keys = example_keys("0/test", 0, tf.range(rows, dtype=tf.int64))
    draws = Draws(keys, *(tf.tile(each, [rows, 1]) for each in own[1:]))
    return np.bincount(draws.choose(tf.constant(np.tile(SCORES, (rows, 1)))), minlength=5) / rows


def test_without_temperature_the_best_is_taken():
    assert draw(3).tolist() == [1, 0, 0, 0, 0]
    assert draw(3, top_k=3, top_p=0.5).tolist() == [1, 0, 0, 0, 0]


def test_a_row_is_drawn_as_it_would_be_alone():
    kinds = [{}, {"temperature": 1.0}, {"temperature": 0.7, "top_k": 2}, {"temperature": 1.5, "top_p": 0.6}]
    kinds += [{"temperature": 1.0, "top_k": 4, "top_p": 0.9}, {"temperature": 2.0, "top_k": 50, "top_p": 1.0}]
    options = [Generation(**kind) for kind in kinds] * 20
    scores = np.random.default_rng(0).normal(size=(len(options), 40)).astype(np.float32)
    together = choose(scores, options)
    alone = []
    for key, own in enumerate(options):
        draws = Draws.of([(0, key, own)])
        alone += draws.choose(tf.constant(scores[key : key + 1])).numpy().tolist()
    assert together.tolist() == alone
    assert (together[::6] == scores[::6].argmax(-1)).all() and (together != scores.argmax(-1)).any()


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
