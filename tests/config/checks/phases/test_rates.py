from __future__ import annotations

from typing import Any

import pytest

from kerastune_ft.config.checks.phases.rates import check_momentum, check_rate

COSINE = {"peak": 0.1, "shape": "cosine"}


@pytest.mark.parametrize(
    ("rate", "head_only", "place"),
    [
        (COSINE, False, None),
        ({**COSINE, "warmup": 0.1, "start": 0.01}, False, None),
        ({"peak": 0.1, "shape": "one_cycle", "start": 0.01}, False, None),
        ({**COSINE, "unit_span": 100.0}, False, None),
        ({"peak": 0.1, "final": 0.01}, False, "final"),
        ({**COSINE, "final": 0.2}, False, "final"),
        ({**COSINE, "start": 0.01}, False, "start"),
        ({"peak": 0.1, "shape": "one_cycle", "warmup": 0, "start": 0.01}, False, "start"),
        ({**COSINE, "warmup": 0.1, "start": 0.2}, False, "start"),
        ({**COSINE, "unit_span": 100.0, "unit_decay": 0.9}, False, "unit_span"),
        ({**COSINE, "unit_span": 100.0}, True, "unit_span"),
        ({**COSINE, "unit_decay": 0.9}, True, "unit_decay"),
        ({**COSINE, "head": 0.2}, True, "head"),
        ({**COSINE, "head": 0.2, "units": {"head": 2.0}}, False, "head"),
    ],
)
def test_keys_that_contradict_each_other_are_found(rate: dict[str, Any], head_only: bool, place: str | None) -> None:
    assert [path for path, _ in check_rate(rate, head_only)] == ([] if place is None else [("learning_rate", place)])


MOMENTUM = {"peak": 0.1, "shape": "one_cycle", "momentum": [0.95, 0.85, 0.95]}


@pytest.mark.parametrize(
    ("phase", "message"),
    [
        ({"learning_rate": MOMENTUM}, None),
        ({"learning_rate": {**MOMENTUM, "momentum": None}, "optimizer": "lion"}, None),
        ({"learning_rate": MOMENTUM, "optimizer": {"name": "sgd", "nesterov": True}}, None),
        ({"learning_rate": MOMENTUM, "optimizer": {"name": "adam", "options": {"beta_2": 0.9}}}, None),
        ({"learning_rate": {**MOMENTUM, "shape": "cosine"}}, 'it follows the rise and fall of "shape": "one_cycle"'),
        (
            {"learning_rate": MOMENTUM, "optimizer": "lion"},
            "the momentum of lion cannot follow the rate; write another",
        ),
        ({"learning_rate": MOMENTUM, "optimizer": {"name": "sgd", "momentum": 0.9}}, "the optimizer has momentum"),
        ({"learning_rate": MOMENTUM, "optimizer": {"options": {"beta_1": 0.8}}}, "the optimizer has beta_1"),
    ],
)
def test_a_momentum_that_cannot_follow_the_rate_is_found(phase: dict[str, Any], message: str | None) -> None:
    found = list(check_momentum(phase))
    assert [path for path, _ in found] == ([] if message is None else [("learning_rate", "momentum")])
    assert all(message in text for _, text in found if message)
