from __future__ import annotations

import pytest

from kerastune_ft.graph.rebuild.precision import BFLOAT16, FLOAT16, FLOAT32
from kerastune_ft.training.devices.precision import choose, for_gpus, notes


@pytest.mark.parametrize(
    ("capabilities", "policy"),
    [
        ([], FLOAT32),
        ([(9, 0), (8, 0)], BFLOAT16),
        ([(12, 0)], BFLOAT16),
        ([(8, 6), (7, 5)], FLOAT16),
        ([(7, 0)], FLOAT16),
        ([(6, 1)], FLOAT32),
        ([(8, 0), None], FLOAT32),
    ],
)
def test_what_suits_the_device(capabilities: list, policy: str) -> None:
    found, reason = for_gpus(capabilities)
    assert found == policy
    assert reason.startswith("auto: a ")


def test_what_is_asked_for_is_taken() -> None:
    assert choose(FLOAT16, on_tpu=True) == (FLOAT16, "")
    assert choose("auto", on_tpu=True) == (BFLOAT16, "auto: a TPU")
    assert notes(FLOAT32) == []
