from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from kerastune_ft.inspection import neighbours
from kerastune_ft.inspection.neighbours import estimate_bytes, find_neighbours, find_neighbours_of_parts


@pytest.mark.parametrize("block", [1 << 26, 4 * 40 * 3])
def test_neighbours_are_those_of_all_cosines(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "_BLOCK_BYTES", block)
    rows = np.random.default_rng(0).normal(size=(40, 7)) + 5
    found = find_neighbours(rows, 4)
    centred = rows - rows.mean(axis=0)
    for one in range(40):
        cosines = {
            other: float(centred[one] @ centred[other] / np.linalg.norm(centred[one]) / np.linalg.norm(centred[other]))
            for other in range(40)
            if other != one
        }
        nearest = sorted(cosines, key=lambda other: -cosines[other])[:4]
        assert found.indices[one].tolist() == nearest
        np.testing.assert_allclose(found.similarities[one], [cosines[other] for other in nearest], atol=1e-5)


def test_few_examples_have_few_neighbours() -> None:
    found = find_neighbours(np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.1]]), 8)
    assert found.indices[2].tolist() == [1, 0]
    assert find_neighbours(np.ones((1, 3)), 4).count == 0


def test_of_equals_the_first_comes_first_and_constant_rows_are_like_nothing() -> None:
    rows = np.array([[1.0, 2.0], [3.0, -1.0], [3.0, -1.0], [3.0, -1.0]])
    assert find_neighbours(rows, 2).indices[3].tolist() == [1, 2]
    assert not find_neighbours(np.ones((3, 2)), 2).similarities.any()


def test_what_is_held_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "_BLOCK_BYTES", 1 << 18)
    rows = np.random.default_rng(0).normal(size=(1500, 4)).astype(np.float32)
    tracemalloc.start()
    found = find_neighbours(rows, 8)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # All similarities at once would be 9 MB, and their order twice as much.
    least = found.indices.nbytes + found.similarities.nbytes + 3 * rows.nbytes
    assert peak < estimate_bytes(1500) + least < 2e6


def test_all_parts_weigh_alike_whatever_their_features_are_measured_in() -> None:
    random = np.random.default_rng(0)
    one, other = random.normal(size=(30, 4)), random.normal(size=(30, 4))
    found = find_neighbours_of_parts({"image": one * 1000, "columns": other}, 4)
    again = find_neighbours_of_parts({"image": one, "columns": other * 1000 + 7}, 4)
    np.testing.assert_array_equal(found.indices, again.indices)
    np.testing.assert_array_equal(found.parts["image"].indices, find_neighbours(one, 4).indices)
    assert not (found.indices == found.parts["image"].indices).all()


def test_a_single_input_has_no_parts() -> None:
    rows = np.random.default_rng(0).normal(size=(10, 4))
    found = find_neighbours_of_parts({"": rows}, 3)
    assert not found.parts
    np.testing.assert_array_equal(found.similarities, find_neighbours(rows, 3).similarities)
