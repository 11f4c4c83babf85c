from __future__ import annotations

import json

from kerastune_ft.metrics.document import (
    CLASSES,
    Figures,
    examples_by_split,
    intervals_by_split,
    metrics_by_class,
    metrics_by_split,
)


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


def test_figures_are_a_dict_with_their_intervals() -> None:
    found = Figures({"accuracy": 0.9}, {"accuracy": (0.8, 0.95)}, 40)
    assert found == {"accuracy": 0.9}
    assert json.loads(json.dumps(found)) == {"accuracy": 0.9}
    assert found.intervals == {"accuracy": (0.8, 0.95)}
    assert found.examples == 40


def test_what_stands_beside_the_splits_is_no_split() -> None:
    document = {
        "test": {"accuracy": 0.9},
        "classes": {"test": {"a": {"f1": 0.5}}},
        "intervals": {"test": {"accuracy": [0.8, 0.95]}},
        "examples": {"test": 40},
    }
    assert metrics_by_split(document) == {"test": {"accuracy": 0.9}}
    assert intervals_by_split(document) == {"test": {"accuracy": (0.8, 0.95)}}
    assert examples_by_split(document) == {"test": 40}
    # Runs of earlier versions.
    assert intervals_by_split({"test": {}}) == examples_by_split({"test": {}}) == {}
