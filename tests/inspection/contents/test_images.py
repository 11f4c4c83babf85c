from __future__ import annotations

import numpy as np

from kerastune_ft.inspection.contents.images import Pictures, find_turned_neighbours, make_grey
from kerastune_ft.inspection.neighbours import find_neighbours
from tests.support.drawn_pictures import draw, fit


def _open(grey: list[np.ndarray], sizes: list[tuple[int, int]] | None = None) -> Pictures:
    pictures = np.stack(grey).astype(np.uint8)
    ranges = np.stack([pictures.min(axis=(1, 2)), pictures.max(axis=(1, 2))], axis=1)
    return Pictures(["hash"] * len(grey), pictures, np.array(sizes or [(100, 100)] * len(grey)), ranges)


def test_a_mirrored_copy_is_found_by_its_pixels_alone() -> None:
    grey = [fit(draw(seed)) for seed in range(20)]
    grey.append(fit(draw(4)[:, ::-1]))
    found = _open(grey).find_copies(None, np.zeros(21, np.int64), lambda done, total: None)
    assert [(pair.first, pair.second) for pair in found.pairs] == [(4, 20)]
    assert found.pairs[0].likeness > 0.9


def test_a_copy_is_found_by_its_features_too() -> None:
    """Cropped so far that small pictures of both are not alike."""
    grey = [fit(draw(seed)) for seed in range(20)]
    grey.append(fit(draw(4)[30:, :130]))
    rows = np.random.default_rng(0).normal(size=(21, 8))
    rows[20] = rows[4] + 0.01
    found = _open(grey).find_copies(find_neighbours(rows, 8), np.zeros(21, np.int64), lambda done, total: None)
    assert (4, 20) in [(pair.first, pair.second) for pair in found.pairs]


def test_white_pictures_are_no_copies_but_faults() -> None:
    grey = [np.full((64, 64), 255.0), np.full((64, 64), 254.0), *[fit(draw(seed)) for seed in range(4)]]
    found = _open(grey, [(100, 100), (100, 120), (10, 12), (90, 500), (100, 110), (100, 100)])
    assert not found.find_copies(None, np.zeros(6, np.int64), lambda done, total: None).pairs
    assert [(fault.position, fault.kind) for fault in found.faults] == [
        (0, "constant"), (1, "constant"), (2, "small"), (3, "odd"),
    ]  # fmt: skip


def test_neighbours_are_looked_for_in_every_orientation() -> None:
    grey = np.stack([fit(draw(0)), fit(draw(1)), np.rot90(fit(draw(0))), fit(draw(2))]).astype(np.uint8)
    assert {tuple(sorted(pair)) for pair in find_turned_neighbours(grey)} >= {(0, 2)}
    assert make_grey(np.full((30, 50, 3), 7, np.uint8)).tolist() == [[7] * 64] * 64


def test_turned_neighbours_are_those_of_all_pairs() -> None:
    random = np.random.default_rng(5)
    grey = random.integers(0, 255, (9, 4, 4)).repeat(16, axis=1).repeat(16, axis=2).astype(np.uint8)
    grey[7] = np.rot90(grey[2], 3)[:, ::-1] // 2 + 20
    grey[8] = 9

    def compare(first: int, second: int) -> float:
        one, other = (grey[each].astype(float).reshape(16, 4, 16, 4).mean(axis=(1, 3)) for each in (first, second))
        turns = [np.rot90(each, number) for each in (other, other[::-1]) for number in range(4)]
        return max(float(np.corrcoef(one.ravel(), each.ravel())[0, 1]) for each in turns)

    expected = []
    for first in range(8):
        likeness = {second: compare(first, second) for second in range(8) if second != first}
        best = max(likeness, key=lambda second: likeness[second])
        expected += [(first, best)] if likeness[best] >= 0.75 else []
    assert find_turned_neighbours(grey) == expected
    assert (2, 7) in expected
    assert find_turned_neighbours(grey[:1]) == []
