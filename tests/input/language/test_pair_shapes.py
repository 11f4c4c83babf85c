from __future__ import annotations

import itertools

import numpy as np
import pytest

from kerastune_ft.input.language.pair_shapes import assign_shapes, choose_shapes


@pytest.fixture
def lengths() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    sources = random.integers(20, 400, 600)
    return sources, np.minimum(sources // 5 + random.integers(1, 40, 600), 100)


def count_tokens(lengths: tuple[np.ndarray, np.ndarray], shapes) -> int:
    return sum(sum(shapes[number]) for number in assign_shapes(*lengths, shapes))


def test_every_row_fits_and_further_shapes_save_tokens(lengths) -> None:
    shapes = choose_shapes(*lengths, (400, 104))
    assert len(shapes) <= 4
    assert shapes[-1] == (400, 104)
    padded = np.array(shapes)[assign_shapes(*lengths, shapes)]
    assert (padded >= np.stack(lengths, 1)).all()
    assert all(source % 8 == 0 and target % 8 == 0 for source, target in shapes)
    assert count_tokens(lengths, shapes) < 0.75 * 600 * 504


def test_shapes_depend_on_the_lengths_alone(lengths) -> None:
    order = np.random.default_rng(1).permutation(600)
    assert choose_shapes(*lengths, (400, 104)) == choose_shapes(lengths[0][order], lengths[1][order], (400, 104))


def test_few_examples_get_one_shape(lengths) -> None:
    assert choose_shapes(lengths[0][:8], lengths[1][:8], (400, 104)) == ((400, 104),)


def test_an_example_gets_the_first_shape_that_both_rows_fit_into() -> None:
    shapes = ((16, 8), (8, 32), (64, 32))
    for source, target in itertools.product((8, 9, 17, 64, 99), (8, 9, 33)):
        fitting = [number for number, own in enumerate(shapes) if source <= own[0] and target <= own[1]]
        (found,) = assign_shapes(np.array([source]), np.array([target]), shapes)
        assert found == (fitting[0] if fitting else 2)
