from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from kerastune_ft.metrics.segmentation import CLASS_METRICS, DIRECTIONS, describe_classes, score, score_classes

NAN = float("nan")


def _confusion(true: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (true, predicted), 1)
    return counts


@pytest.mark.parametrize("classes", [2, 3, 7])
@pytest.mark.parametrize("seed", range(3))
def test_equal_what_scikit_learn_says_of_the_pixels(classes: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    true = random.integers(0, classes, 500)
    predicted = np.where(random.random(500) < 0.6, true, random.integers(0, classes, 500))
    confusion = _confusion(true, predicted, classes)
    assert np.array_equal(confusion, metrics.confusion_matrix(true, predicted, labels=range(classes)))
    found = score_classes(confusion.astype(np.int32))
    expected = {
        "iou": metrics.jaccard_score(true, predicted, average=None),
        "dice": metrics.f1_score(true, predicted, average=None),
        "precision": metrics.precision_score(true, predicted, average=None),
        "recall": metrics.recall_score(true, predicted, average=None),
    }
    assert tuple(found) == CLASS_METRICS
    for name in CLASS_METRICS:
        assert found[name] == pytest.approx(expected[name], abs=1e-12), name
    assert score(confusion) == pytest.approx(
        {
            "mean_iou": expected["iou"].mean(),
            "dice": expected["dice"][1:].mean(),
            "accuracy": metrics.accuracy_score(true, predicted),
        },
        abs=1e-12,
    )


def test_a_class_that_does_not_occur_is_left_out() -> None:
    # Class 1 is nowhere, class 2 only in the truth, class 3 only predicted.
    confusion = np.array([[6, 0, 0, 2], [0, 0, 0, 0], [1, 0, 0, 1], [0, 0, 0, 0]])
    classes = score_classes(confusion)
    assert classes["iou"] == pytest.approx([6 / 9, NAN, 0, 0], nan_ok=True)
    assert classes["dice"] == pytest.approx([12 / 15, NAN, 0, 0], nan_ok=True)
    assert classes["precision"] == pytest.approx([6 / 7, NAN, NAN, 0], nan_ok=True)
    assert classes["recall"] == pytest.approx([6 / 8, NAN, 0, NAN], nan_ok=True)
    assert score(confusion) == pytest.approx({"mean_iou": (6 / 9) / 3, "dice": 0, "accuracy": 0.6})


@pytest.mark.parametrize(
    ("confusion", "expected"),
    [
        ([[0, 0], [0, 0]], {"mean_iou": NAN, "dice": NAN, "accuracy": NAN}),
        ([[9, 0], [0, 0]], {"mean_iou": 1, "dice": NAN, "accuracy": 1}),
        ([[0, 0], [0, 9]], {"mean_iou": 1, "dice": 1, "accuracy": 1}),
        ([[0, 4], [5, 0]], {"mean_iou": 0, "dice": 0, "accuracy": 0}),
        ([[4]], {"mean_iou": 1, "dice": NAN, "accuracy": 1}),
    ],
)
def test_corners(confusion: list[list[int]], expected: dict[str, float]) -> None:
    assert score(np.array(confusion)) == pytest.approx(expected, nan_ok=True)
    assert set(DIRECTIONS) == set(expected)


def test_counts_beyond_what_a_float32_or_an_int32_holds_are_exact() -> None:
    confusion = np.array([[2**24 + 1, 2**31 - 1], [2**31 - 1, 2**24 + 1]], np.int32)
    assert score(confusion)["accuracy"] == (2**24 + 1) / (2**24 + 2**31)


@pytest.mark.parametrize("confusion", [np.ones((2, 3), int), np.ones((2, 2)), np.ones(4, int), -np.ones((2, 2), int)])
def test_what_is_no_confusion_matrix_is_refused(confusion: np.ndarray) -> None:
    with pytest.raises(ValueError, match="a confusion matrix"):
        score(confusion)


def test_figures_by_name_have_the_number_of_pictures() -> None:
    pictures = np.array([[[3, 1], [0, 0]], [[0, 2], [1, 5]], [[4, 0], [0, 0]]])
    found = describe_classes(pictures, ["background", "cell"])
    assert [figures["examples"] for figures in found.values()] == [3, 1]
    # Cell: 5 hits, 6 true pixels, 8 predicted ones.
    assert found["cell"] == {"iou": 5 / 9, "dice": 10 / 14, "precision": 5 / 8, "recall": 5 / 6, "examples": 1}
