"""What is kept inside blocks is counted as their gradients need it, alike blocks once."""

from __future__ import annotations

import keras
import keras_hub
import pytest

from kerastune_ft.graph import keras_private
from kerastune_ft.graph.costs import activation_bytes
from kerastune_ft.graph.memory import block_costs
from kerastune_ft.graph.memory.block_costs import NOTHING, measure_inside

LENGTH, WIDTH, HEADS, INNER = 16, 8, 4, 32


def build(blocks: int, layer: type[keras.layers.Layer] | None = None, activation: str = "relu") -> keras.Model:
    def make() -> keras.layers.Layer:
        return keras_hub.layers.TransformerDecoder(INNER, HEADS, activation=activation)

    x = states = keras.Input([None, WIDTH])
    for _ in range(blocks):
        x = (layer or make)()(x)
    return keras.Model(states, x)


def measure(model: keras.Model, length: int = LENGTH) -> list[block_costs.Kept]:
    def shape(tensor: keras.KerasTensor) -> list[int]:
        return [length if size is None else size for size in tensor.shape[1:]]

    return [measure_inside(node, shape) for node in keras_private.nodes_in_order(model)]


def test_the_inside_of_a_block_is_counted() -> None:
    *_, block = measure(build(1))
    scores, inner, state = 4 * HEADS * LENGTH * LENGTH, 4 * LENGTH * INNER, 4 * LENGTH * WIDTH
    # Its probabilities and the inner layer at least; at most a few times as much and what is between.
    assert scores + inner < block.kept < 3 * scores + 3 * inner + 20 * state
    assert block.kept < block.largest < 3 * block.kept


def test_scores_grow_with_the_square_of_the_length() -> None:
    short, long = (measure(build(1), length)[-1].kept for length in (64, 256))
    assert 8 < long / short < 16


def test_an_activation_of_many_operations_keeps_more() -> None:
    assert measure(build(1, activation="gelu"))[-1].kept > measure(build(1))[-1].kept


def test_alike_blocks_are_traced_once(monkeypatch: pytest.MonkeyPatch) -> None:
    traced: list[int] = []
    monkeypatch.setattr(block_costs, "_known", {})
    trace = block_costs._trace
    monkeypatch.setattr(block_costs, "_trace", lambda *given: traced.append(0) or trace(*given))  # type: ignore[func-returns-value]
    first, *blocks = measure(build(3))
    assert first == NOTHING and len(blocks) == 3 and len(set(blocks)) == 1
    assert len(traced) == 1


def test_layers_that_are_made_of_no_others_count_nothing() -> None:
    assert set(measure(build(1, lambda: keras.layers.Dense(WIDTH)))) == {NOTHING}  # type: ignore[arg-type]


class Unknown(keras.layers.Layer):
    def __init__(self) -> None:
        super().__init__()
        self.inner = keras.layers.Dense(WIDTH)

    def call(self, states, training=False):
        if training:
            raise RuntimeError("it wants more than its inputs")
        return self.inner(states)


def test_what_cannot_be_traced_is_counted_by_its_outputs() -> None:
    model = build(2, Unknown)
    assert set(measure(model)) == {NOTHING}
    assert activation_bytes(model, LENGTH) == 3 * 4 * LENGTH * WIDTH


def test_what_is_recomputed_is_kept_for_one_block_at_a_time() -> None:
    model = build(3)
    (*_, block), outputs = measure(model), 4 * 4 * LENGTH * WIDTH
    assert activation_bytes(model, LENGTH) == pytest.approx(outputs + 2 * block.kept + block.largest)
    assert activation_bytes(model, LENGTH, recomputes=True) == pytest.approx(outputs + block.largest)
