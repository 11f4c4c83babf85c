from __future__ import annotations

from pathlib import Path

import numpy as np


def test_classes_that_lie_apart_are_told_apart_by_every_distance(tmp_path: Path) -> None:
    import measure_unknown

    random = np.random.default_rng(0)
    labels = np.repeat(["a", "b", "c", "d"], 50)
    places = np.eye(4).repeat(50, axis=0)
    features = {f"x_{split}": places + 0.05 * random.normal(size=(200, 4)) for split in ("train", "test")}
    np.savez(tmp_path / "f.npz", **features, y_train=labels, y_test=labels)
    found = dict(measure_unknown.measure(tmp_path / "f.npz", None))
    assert set(found) == set(measure_unknown.SCORES)
    for name in ("Mahalanobis, length 1", "nearest example"):
        auroc, caught, passed = found[name].mean(axis=0)
        assert (auroc > 0.99, caught > 0.95, passed > 0.85) == (True, True, True)
    assert all(rows.shape == (2, 3) for _, rows in measure_unknown.measure(tmp_path / "f.npz", 2))
