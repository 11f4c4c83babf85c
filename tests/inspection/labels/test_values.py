from __future__ import annotations

import numpy as np

from kerastune_ft.inspection.labels.values import find_suspects, judge, measure_distances


def test_a_wrong_value_is_found_and_named() -> None:
    random = np.random.default_rng(0)
    features = random.normal(size=(200, 5))
    values = features @ np.array([[3.0], [1.0], [0.0], [0.0], [2.0]]) + random.normal(size=(200, 1)) * 0.2 + 50
    values[31] += 5
    (suspect,) = find_suspects(features, values, ("weight",), np.arange(200) % 5)
    assert (suspect.position, suspect.is_sure) == (31, True)
    assert suspect.words.startswith(f"{values[31, 0]:.4g}, where ")


def test_large_values_may_be_less_exact() -> None:
    random = np.random.default_rng(0)
    predicted = np.sort(random.uniform(1, 1000, 400))
    values = predicted * (1 + 0.1 * random.normal(size=400))
    small, large = 20, 380
    values[small] = predicted[small] * 3
    values[large] = predicted[large] * 1.15
    distances = measure_distances(predicted, values)
    assert distances[small] > 5 > distances[large]


def test_the_usual_deviation_is_that_of_the_nearest_predictions() -> None:
    random = np.random.default_rng(1)
    predicted, values = random.normal(size=120), random.normal(size=120)
    found = measure_distances(predicted, values)
    residuals, order = np.abs(values - predicted), np.argsort(predicted)
    rank = 60
    window = residuals[order[rank - 25 : rank + 25]]
    np.testing.assert_allclose(found[order[rank]], residuals[order[rank]] / (1.4826 * np.median(window)))


def test_several_targets_name_the_worst() -> None:
    random = np.random.default_rng(0)
    predicted = random.normal(size=(100, 2))
    labels = predicted + random.normal(size=(100, 2)) * 0.1
    labels[5, 1] += 3
    (suspect,) = judge(predicted, labels, ("age", "dose"))
    assert suspect.words.startswith("dose ")
