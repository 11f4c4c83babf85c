from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras.src.saving import saving_lib

from kerastune_ft.graph.memory.keras_memory import late_values, weights_by_files, without_values
from kerastune_ft.graph.values import view_values


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


def _make_large() -> keras.Model:
    return keras.Sequential([keras.Input([1024]), keras.layers.Dense(300, name="first"), keras.layers.Dense(3)])


def _place(variable: keras.Variable) -> int:
    return int(view_values(variable).__array_interface__["data"][0])


def test_a_file_is_opened_into_the_memory_of_the_variables_it_was_written_from(tmp_path: Path) -> None:
    model = _make_large()
    kernel = model.layers[0].kernel
    with weights_by_files():
        model.save(tmp_path / "a.keras")
    expected = kernel.numpy()
    with weights_by_files(model.variables), late_values():
        again = keras.models.load_model(tmp_path / "a.keras")
    assert _place(again.layers[0].kernel) == _place(kernel)
    again.layers[0].kernel.assign_add(tf.ones_like(expected))
    np.testing.assert_array_equal(kernel.numpy(), expected)
    np.testing.assert_array_equal(again.layers[0].kernel.numpy(), expected + 1)


def test_a_file_of_other_values_is_opened_with_its_own(tmp_path: Path) -> None:
    model = _make_large()
    kernel = model.layers[0].kernel
    with weights_by_files():
        model.save(tmp_path / "a.keras")
    written = kernel.numpy()
    changed = written.copy()
    changed[-1, -1] += 1
    kernel.assign(changed)
    with weights_by_files(model.variables), late_values():
        again = keras.models.load_model(tmp_path / "a.keras")
    np.testing.assert_array_equal(again.layers[0].kernel.numpy(), written)
    assert _place(again.layers[0].kernel) != _place(kernel)


def test_files_are_those_that_keras_writes_by_itself(tmp_path: Path) -> None:
    model = _make_large()
    with weights_by_files():
        model.save(tmp_path / "a.keras")
    plain = keras.models.load_model(tmp_path / "a.keras")
    model.save(tmp_path / "b.keras")
    for one, other in zip(
        plain.get_weights(), keras.models.load_model(tmp_path / "b.keras").get_weights(), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_large_variables_are_drawn_only_where_nobody_gives_them_values() -> None:
    drawn: list[tuple[int, ...]] = []

    class Drawn(keras.initializers.Ones):
        def __call__(self, shape: Any, dtype: Any = None) -> Any:
            drawn.append(tuple(shape))
            return super().__call__(shape, dtype)

    with late_values():
        first, second = (keras.layers.Dense(300, kernel_initializer=Drawn()) for _ in range(2))
        first.build([None, 1024])
        second.build([None, 1024])
        small = keras.layers.Dense(2, kernel_initializer=Drawn())
        small.build([None, 4])
        assert drawn == [(4, 2)]
        first.kernel.assign(np.full([1024, 300], 2, np.float32))
    assert drawn == [(4, 2), (1024, 300)]
    assert first.kernel.numpy().max() == first.kernel.numpy().min() == 2
    assert second.kernel.numpy().max() == 1
    first.kernel.assign(np.zeros([1024, 300], np.float32))
    assert first.kernel.numpy().max() == 0
