from __future__ import annotations

from typing import get_args

import pytest

from kerastune_ft.config.chosen_metrics import explain_unfit
from kerastune_ft.config.options.task_facts import LabelKind, chosen_metrics, metrics_of_labels


def test_every_metric_that_can_be_added_fits_some_number_of_classes() -> None:
    for kind in get_args(LabelKind):
        for metric in chosen_metrics(kind):
            assert metric not in metrics_of_labels(kind)
            assert explain_unfit(metric, kind) is None
            assert any(explain_unfit(metric, kind, classes) is None for classes in (2, 9))


@pytest.mark.parametrize(
    ("metric", "labels", "classes", "message"),
    [
        (
            "sensitivity",
            "one",
            3,
            "it is the share of one of two classes, and there are 3; write balanced_accuracy, or ",
        ),
        ("specificity", "one", 3, "it is the share of one of two classes"),
        ("top_5_accuracy", "one", 5, "of 5 classes the right one is always among five; remove it"),
        ("kapa", "one", None, '"kapa" is unknown; did you mean "kappa"?'),
        ("pearson", "one", None, '"pearson" is not a metric; write "balanced_accuracy"'),
        ("kappa", "several", None, "with multi_label there is no agreement"),
        ("average_precision", "several", None, "mean_average_precision is measured already"),
        ("speerman", "values", None, 'did you mean "spearman"?'),
    ],
)
def test_what_does_not_fit_is_explained(metric: str, labels: LabelKind, classes: int | None, message: str) -> None:
    assert message in str(explain_unfit(metric, labels, classes))


@pytest.mark.parametrize(("metric", "classes"), [("sensitivity", 2), ("top_5_accuracy", 6), ("kappa", 3)])
def test_what_fits_is_not_refused(metric: str, classes: int) -> None:
    assert explain_unfit(metric, "one", classes) is None
