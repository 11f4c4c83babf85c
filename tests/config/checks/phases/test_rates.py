from __future__ import annotations

from typing import Any

import pytest

from kerastune_ft.config.checks.phases.rates import check_rate

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
