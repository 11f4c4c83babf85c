from __future__ import annotations

import numpy as np

from kerastune_ft.inspection.labels.several_classes import find_suspects, judge


def test_a_class_that_is_missing_and_one_too_many() -> None:
    random = np.random.default_rng(0)
    right = random.integers(0, 2, (200, 3))
    features = random.normal(size=(200, 8)) * 0.4 + np.pad(2.0 * right, ((0, 0), (0, 5)))
    labels = right.copy()
    labels[11, 0], labels[12, 2] = 1 - labels[11, 0], 1 - labels[12, 2]
    found = {each.position: each for each in find_suspects(features, labels, ("x", "y", "z"), np.arange(200) % 5)}
    assert {11, 12} <= set(found)
    assert len(found) <= 6
    wanted = "|".join(name for name, flag in zip("xyz", right[11], strict=True) if flag) or "none"
    assert found[11].suggested == wanted
    assert found[11].words.startswith(f"x is {'given' if labels[11, 0] else 'missing'}")


def test_classes_that_nearly_all_or_none_have_are_not_judged() -> None:
    labels = np.zeros((50, 2), np.int64)
    labels[:3, 0] = 1
    labels[:47, 1] = 1
    assert judge(np.full((50, 2), 0.01), labels, ("x", "y")) == []
