from __future__ import annotations

import numpy as np

from kerastune_ft.inspection.labels.one_class import (
    ENOUGH,
    choose_confident,
    find_suspects,
    judge,
    measure_quality,
)

NAMES = ("a", "b", "c")


def _draw(count: int = 300, wrong: int = 15, seed: int = 0) -> tuple[np.ndarray, np.ndarray, set[int]]:
    random = np.random.default_rng(seed)
    right = np.arange(count) % 3
    features = random.normal(size=(count, 6)) * 0.5 + 1.5 * np.eye(6)[right]
    places = random.choice(count, wrong, replace=False)
    labels = right.copy()
    labels[places] = (right[places] + random.integers(1, 3, wrong)) % 3
    return features, labels, set(places.tolist())


def test_planted_errors_are_found() -> None:
    features, labels, wrong = _draw()
    found = find_suspects(features, labels, NAMES, np.arange(300) // 3 % 5)
    named = {each.position for each in found}
    assert len(named & wrong) / len(wrong) >= 0.8
    assert len(named & wrong) / len(named) >= 0.7
    right = [each for each in found if each.position in wrong]
    assert all(NAMES.index(each.suggested) == each.position % 3 for each in right)
    assert all(0.5 < each.doubt <= 1 for each in right)
    assert [each.doubt for each in found] == sorted((each.doubt for each in found), reverse=True)


def test_confident_classes_by_hand() -> None:
    random = np.random.default_rng(0)
    probabilities = random.dirichlet([0.6] * 3, 90)
    labels = random.integers(0, 3, 90)
    means = [probabilities[labels == each, each].mean() for each in range(3)]
    for position, suggested in enumerate(choose_confident(probabilities, labels)):
        counting = [each for each in range(3) if probabilities[position, each] >= min(means[each], ENOUGH)]
        best = max(counting, key=lambda each: probabilities[position, each], default=labels[position])
        assert suggested == best


def test_quality_is_the_margin() -> None:
    probabilities = np.array([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7]])
    np.testing.assert_allclose(measure_quality(probabilities, np.array([0, 1])), [0.2, -0.5])


def test_classes_of_a_few_examples_are_not_judged() -> None:
    probabilities = np.tile([0.98, 0.01, 0.01], (40, 1))
    labels = np.array([0] * 36 + [1] * 4)
    assert judge(probabilities, labels, NAMES) == []
    labels[30:] = 1
    (*_, suspect) = judge(probabilities, labels, NAMES)
    assert (suspect.given, suspect.suggested, suspect.is_sure) == ("b", "a", True)
