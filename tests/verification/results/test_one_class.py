from __future__ import annotations

import math

import pytest

from kerastune_ft.rules import FIRST
from kerastune_ft.verification.results.one_class import OneClassCheck

LABELS = {"kind": "one", "names": ["ill", "well"]}


def row(label: str, ill: float, **more: str) -> dict[str, str]:
    likely = ill if label == "ill" else 1 - ill
    cells = {"probability_ill": repr(ill), "probability_well": repr(1 - ill), "loss": repr(-math.log(likely))}
    return {"label": label, "prediction": "ill" if ill > 0.5 else "well", **cells, **more}


@pytest.mark.parametrize(("positive", "auc"), [("ill", 0.75), ("well", 0.75), (None, 0.75)])
def test_metrics_follow_from_the_rows(positive: str | None, auc: float) -> None:
    rows = [row("ill", 0.9), row("ill", 0.4), row("well", 0.6), row("well", 0.1)]
    found = OneClassCheck().score(rows, LABELS, positive)
    assert (found["accuracy"], found["auc"]) == (0.5, auc)
    assert found["loss"] == pytest.approx(-(math.log(0.9) * 2 + math.log(0.4) * 2) / 4)


def test_the_rules_of_the_run_decide_over_which_classes_f1_is() -> None:
    rows = [row("ill", 0.9), row("ill", 0.8), row("ill", 0.4)]
    assert OneClassCheck().score(rows, LABELS, None)["macro_f1"] == pytest.approx(4 / 5)
    assert OneClassCheck().score(rows, LABELS, None, FIRST)["macro_f1"] == pytest.approx(4 / 5 / 2)


def test_a_prediction_and_a_loss_that_do_not_follow_are_found() -> None:
    rows = [row("ill", 0.9), row("ill", 0.4, prediction="ill"), row("well", 0.1, loss="0.2")]
    assert list(OneClassCheck().find_faults(rows, LABELS, {})) == [
        (1, "the prediction is 'ill', and 'well' by its probabilities"),
        (2, "the loss is 0.2, and 0.105361 by its other numbers"),
    ]
