from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import keras
import pytest

from kerastune_ft.errors import ConfigError
from kerastune_ft.graph.partition import Stage
from kerastune_ft.training.plan.keys import frozen_precision


@dataclass(frozen=True)
class _Phase:
    stages: tuple[Stage, ...]
    by_part: Any = field(default_factory=dict)
    at_own_size: Any = None


def _config(wanted: str | None) -> Any:
    return SimpleNamespace(runtime=SimpleNamespace(frozen_precision=wanted))


def _phase(frozen: bool = True) -> Any:
    given = keras.Input((4,))
    model = keras.Model(given, keras.layers.Dense(3)(given))
    cut = (model.output, keras.KerasTensor((None, 4), "int32", name="mask"))
    return _Phase((Stage(model, cut, ("dense", "mask")),) if frozen else ())


def test_floats_of_a_cut_take_half_the_bytes() -> None:
    plain = _phase()
    (lowered,) = frozen_precision.lower_phases(_config("bfloat16"), [plain])
    (stage,) = lowered.stages
    assert [tensor.dtype for tensor in stage.cut] == ["bfloat16", "int32"]
    assert (plain.stages[0].cut_bytes, stage.cut_bytes) == (3 * 4 + 4 * 4, 3 * 2 + 4 * 4)
    assert stage.precision == "mixed_bfloat16"


def test_without_the_key_nothing_changes() -> None:
    plain = _phase()
    assert frozen_precision.lower_phases(_config(None), [plain]) == [plain]
    assert frozen_precision.notes(_config(None)) == []


def test_where_nothing_is_frozen_it_is_refused() -> None:
    with pytest.raises(ConfigError, match="frozen_precision: it has no effect"):
        frozen_precision.lower_phases(_config("bfloat16"), [_phase(frozen=False)])
    assert len(frozen_precision.lower_phases(_config("bfloat16"), [_phase(frozen=False), _phase()])) == 2


def test_rows_of_two_lengths_are_refused() -> None:
    with pytest.raises(ConfigError, match="rows of two lengths"):
        frozen_precision.lower_phases(_config("bfloat16"), [_phase()], True)
