from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras.src.saving import saving_lib

from kerastune_ft.graph.memory.keras_memory import weights_by_files, without_values


def test_weights_of_files_are_not_in_memory_besides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = keras.Sequential([keras.Input([4]), keras.layers.Dense(3)])
    opened: list[str | type] = []

    def note(self: Any, place: Any, *rest: Any, **more: Any) -> None:
        opened.append("file" if isinstance(place, str | Path) and not more.get("archive") else "memory")
        create(self, place, *rest, **more)

    create = saving_lib.H5IOStore.__init__
    monkeypatch.setattr(saving_lib.H5IOStore, "__init__", note)
    with weights_by_files():
        model.save(tmp_path / "a.keras")
        again = keras.models.load_model(tmp_path / "a.keras")
    assert opened == ["file", "file"]
    np.testing.assert_array_equal(again.get_weights()[0], model.get_weights()[0])
    model.save(tmp_path / "b.keras")
    assert opened[2:] == ["memory"]
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["a.keras", "b.keras"]


def test_variables_without_values_get_none_later() -> None:
    with without_values():
        layer = keras.layers.Dense(3)
        layer.build([None, 4])
    # Keras gives all that wait their values at the end of a scope like this.
    with keras.StatelessScope():
        other = keras.layers.Dense(3)
        other.build([None, 4])
    assert other.kernel.numpy().shape == (4, 3)
    assert layer.kernel._value is None
