from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import keras
import pytest

from kerastune_ft.errors import ConfigError
from kerastune_ft.training.plan.keys import recompute


def _plan(name: str, layers: int, **options: Any) -> Any:
    given = x = keras.Input((2,))
    for number in range(layers):
        x = keras.layers.Dense(2, name=f"d{number}")(x)
    phase = SimpleNamespace(name=name, is_solved=options.get("solved", False))
    selection = SimpleNamespace(statistics=options.get("statistics", ()))
    return SimpleNamespace(
        phase=phase, selection=selection, partition=SimpleNamespace(tail=keras.Model(given, x)), name=name
    )


def _session(wanted: bool = True, unaddressed: tuple[str, ...] = ()) -> Any:
    units = tuple(SimpleNamespace(layers=(SimpleNamespace(name=f"d{number}"),)) for number in range(3))
    return SimpleNamespace(
        config=SimpleNamespace(runtime=SimpleNamespace(recompute=wanted)),
        units=units,
        task=SimpleNamespace(trim=lambda tail: tail),
        unaddressed=unaddressed,
    )


def test_each_phase_says_what_is_computed_twice() -> None:
    plans = [_plan("head", 1), _plan("all", 3)]
    recompute.check_recompute(_session(), plans)
    first, second = recompute.notes(_session(), plans)
    assert "phase head: recompute has no effect" in first
    assert "phase all: activations of 2 of 3 blocks are computed twice" in second
    assert recompute.notes(_session(wanted=False), plans) == []


@pytest.mark.parametrize(
    ("plan", "unaddressed", "why"),
    [
        (_plan("head", 1), (), "it has no effect"),
        (_plan("solved", 3, solved=True), (), "it has no effect"),
        (_plan("all", 3, statistics=("bn/mean",)), (), "updates the statistics of BatchNorm"),
        (_plan("all", 3), ("noise",), "noise would draw other random numbers"),
    ],
)
def test_what_cannot_hold_is_refused(plan: Any, unaddressed: tuple[str, ...], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        recompute.check_recompute(_session(unaddressed=unaddressed), [plan])
    recompute.check_recompute(_session(wanted=False, unaddressed=unaddressed), [plan])
