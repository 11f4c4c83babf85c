from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.preprocessing import normalize

from kerastune_ft.metrics import nearest_example
from kerastune_ft.metrics.nearest_example import MARGIN, choose_threshold, fit_distance


def make_features(rows: int = 90, width: int = 6) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(1)
    return random.normal(size=(rows, width)).astype(np.float32), random.integers(0, 3, rows)


def test_it_is_the_distance_to_the_nearest_at_length_1() -> None:
    features, labels = make_features()
    queries = make_features(110)[0][90:]
    found = fit_distance(features, labels, 0)
    wanted = cdist(normalize(queries), normalize(features)).min(axis=1)
    # The examples have the digits of float16.
    np.testing.assert_allclose(found.measure(queries), wanted, atol=1e-3)
    np.testing.assert_allclose(found.measure(queries * 8.0), found.measure(queries), rtol=1e-9)
    assert np.isfinite(found.measure(np.zeros((1, 6)))).all()
    assert found.measure(features).max() < 2e-3
    assert found.measure(features[:0]).shape == (0,)


def test_where_there_is_no_room_for_all_each_class_has_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    features = np.eye(60, dtype=np.float32)
    labels = np.repeat([0, 1, 2], [50, 7, 3])
    monkeypatch.setattr(nearest_example, "MOST_BYTES", 2 * 60 * 15)
    kept = fit_distance(features, labels, 5).examples
    counts = np.bincount(labels[kept.argmax(axis=1)])
    assert counts.tolist() == [6, 6, 3]
    np.testing.assert_array_equal(kept, fit_distance(features, labels, 5).examples)
    assert (kept != fit_distance(features, labels, 6).examples).any()


@pytest.mark.parametrize(("count", "share"), [(20, 0.95), (96, 0.95), (10, 0.99), (7, 0.5), (3, 0.01), (1, 0.9)])
def test_the_threshold_is_the_least_that_lets_the_share_through(count: int, share: float) -> None:
    distances = np.random.default_rng(count).permutation(count) + 0.5
    last = min(each for each in distances if sum(distances <= each) / count >= share - 1e-12)
    # Distances are whole numbers and a half.
    assert choose_threshold(distances, share) == (last + 0.5 if last < count - 0.5 else last + MARGIN)


def test_rounding_of_distances_changes_no_answer() -> None:
    distances = np.array([0.1, 0.3, 0.3 + 1e-7, 0.7, 0.7 + 2e-7])
    assert choose_threshold(distances, 0.4) == pytest.approx(0.5, abs=1e-6)
    assert choose_threshold(distances, 0.8) == pytest.approx(0.7 + MARGIN, abs=1e-6)
    for share in (0.2, 0.4, 0.6, 0.8, 1.0):
        threshold = choose_threshold(distances, share)
        assert ((distances + 1e-6 > threshold) == (distances - 1e-6 > threshold)).all()
