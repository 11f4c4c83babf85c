from __future__ import annotations

from kerastune_ft.metrics.document import CLASSES, metrics_by_class, metrics_by_split


def test_splits_are_told_from_what_stands_beside_them() -> None:
    document = {
        "validation": {"loss": 1.0},
        "test": {"loss": 2.0},
        CLASSES: {"test": {"a": {"iou": 0.5}}},
        "intervals": {"test": {}},
    }
    assert metrics_by_split(document) == {"validation": {"loss": 1.0}, "test": {"loss": 2.0}}
    assert metrics_by_class(document, "test") == {"a": {"iou": 0.5}}
    assert metrics_by_class(document, "validation") == {}
    assert metrics_by_class({"test": {"loss": 2.0}}, "test") == {}
