from __future__ import annotations

import numpy as np
import pytest

from kerastune_ft.data.embedded import embedded_several, robot

CHANNELS = 3


def explained(inputs: np.ndarray, actions: np.ndarray) -> np.ndarray:
    """Return the share of the variance of each action that a linear function of the inputs explains."""
    inputs = np.c_[inputs, np.ones(len(inputs))]
    errors = actions - inputs @ np.linalg.lstsq(inputs, actions, rcond=None)[0]
    return 1 - errors.var(axis=0) / actions.var(axis=0)


def test_the_action_needs_the_picture_and_the_state() -> None:
    indices = range(robot.EXAMPLES)
    actions = np.array([robot.label(index) for index in indices])
    state = np.array([robot.numbers(index) for index in indices])
    pixels = np.array([robot.image(index)[::8, ::8].ravel() for index in indices], float)
    pixels = (pixels - pixels.mean(axis=0)) @ np.linalg.svd(pixels - pixels.mean(axis=0), full_matrices=False)[2][:60].T
    both = explained(np.c_[pixels, state], actions)
    assert (both > explained(pixels, actions) + 0.15).all()
    assert (both > explained(state, actions) + 0.15).all()
    assert (np.abs(actions) <= 1).all() and (actions.std(axis=0) > 0.3).all()


def test_an_example_depends_on_its_index_alone() -> None:
    expected = robot.image(7), robot.numbers(7), robot.label(7)
    robot.image(3)
    assert np.array_equal(robot.image(7), expected[0])
    assert (robot.numbers(7), robot.label(7)) == expected[1:]
    assert robot.image(0).shape == (robot.IMAGE_SIZE, robot.IMAGE_SIZE, CHANNELS)
    with pytest.raises(IndexError):
        robot.label(robot.EXAMPLES)


def test_it_has_no_words() -> None:
    source = embedded_several("robot")
    assert (source.WORDS, source.words(0), source.HAS_TEXT, source.text(0)) == ((), (), False, "")
    assert len(source.numbers(0)) == len(source.NUMBERS)
