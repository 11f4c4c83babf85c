from __future__ import annotations

import pytest

from kerastune_ft.reporting.metric_names import find_gain, find_headline, is_lower_better


@pytest.mark.parametrize(
    ("name", "lower"),
    [
        ("validation_rmse", True),
        ("validation_r2", False),
        ("loss", True),
        ("train_loss", True),
        ("test_mean_average_precision", False),
        ("dice", False),
        # A target's own figures, whatever the target is called.
        ("validation_mae_age", True),
        ("rmse_dose_2", True),
        ("r2_loss", False),
    ],
)
def test_the_better_direction_follows_from_the_name(name: str, lower: bool) -> None:
    assert is_lower_better(name) is lower


@pytest.mark.parametrize("name", ["distance", "validation_distance"])
def test_metrics_of_ones_own_have_the_direction_that_was_given(name: str) -> None:
    assert is_lower_better(name, {"distance": "min"}) and not is_lower_better(name, {"distance": "max"})
    assert (find_gain(name, 1.5, 1.0, {"distance": "min"}), find_gain(name, 1.5, 1.0)) == (-0.5, 0.5)


@pytest.mark.parametrize(("metric", "expected"), [("accuracy", 0.5), ("mae", -0.5), ("log_loss", -0.5)])
def test_gains_know_which_way_is_better(metric: str, expected: float) -> None:
    assert find_gain(metric, 1.5, 1.0) == expected


@pytest.mark.parametrize(
    ("measured", "headline"),
    [
        (("validation_loss", "validation_accuracy", "validation_auc"), "validation_accuracy"),
        (("validation_accuracy", "validation_mean_average_precision"), "validation_mean_average_precision"),
        (("validation_mean_iou", "validation_dice", "validation_accuracy"), "validation_mean_iou"),
        (("validation_mae", "validation_r2"), "validation_mae"),
        (("validation_loss", "test_accuracy"), None),
    ],
)
def test_the_headline_is_that_of_the_task(measured: tuple[str, ...], headline: str | None) -> None:
    assert find_headline(measured) == headline
