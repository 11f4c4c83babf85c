from __future__ import annotations

import keras
import numpy as np
import pytest

from kerastune_ft.layers.decoders.simple_pyramid import simple_pyramid


def _pyramid(
    side: int, channels: int, stride: int, finest: int, seed: int = 0
) -> tuple[keras.Model, dict[str, object]]:
    keras.utils.clear_session()
    inputs = keras.Input((side, side + 1, channels))
    levels = simple_pyramid({f"stride{stride}": inputs}, finest, seed)
    return keras.Model(inputs, levels), levels


@pytest.mark.parametrize(
    ("stride", "finest", "shapes"),
    [
        (16, 4, {4: (12, 16, 10), 8: (6, 8, 20), 16: (3, 4, 40), 32: (2, 2, 40)}),
        (8, 4, {4: (6, 8, 20), 8: (3, 4, 40), 16: (2, 2, 40), 32: (1, 1, 40)}),
        (32, 4, {4: (24, 32, 8), 8: (12, 16, 10), 16: (6, 8, 20), 32: (3, 4, 40)}),
        (8, 16, {16: (2, 2, 40), 32: (1, 1, 40)}),
    ],
)
def test_levels_are_doubled_and_pooled(stride: int, finest: int, shapes: dict[int, tuple[int, ...]]) -> None:
    model, levels = _pyramid(3, 40, stride, finest)
    assert {name: tuple(level.shape[1:]) for name, level in levels.items()} == {
        f"stride{level}": shape for level, shape in shapes.items()
    }
    assert all(layer.name.startswith("head_pyramid_") for layer in model.layers[1:])


def test_transposed_convolutions_and_pooling_are_those_of_numpy() -> None:
    model, _ = _pyramid(2, 16, 8, 4)
    x = np.random.default_rng(0).normal(size=(1, 2, 3, 16)).astype(np.float32)
    found = model(x)
    kernel, bias = (one.numpy() for one in model.get_layer("head_pyramid_stride4_up1").weights)
    by_hand = np.einsum("bhwc,ijdc->bhiwjd", x, kernel).reshape(1, 4, 6, 8) + bias
    assert np.allclose(found["stride4"], by_hand, atol=1e-5)
    assert np.array_equal(found["stride8"], x)
    # Where the sides are odd the last row and column stand for themselves.
    pooled = [x[:, :, :2].max((1, 2)), x[:, :, 2:].max((1, 2))]
    assert np.array_equal(found["stride16"][0, 0], np.concatenate(pooled))


def test_several_maps_and_one_fine_enough_stay_as_they_are() -> None:
    a, b = keras.Input((4, 4, 8)), keras.Input((2, 2, 8))
    assert simple_pyramid({"stride4": a, "stride8": b}, 4, 0) == {"stride4": a, "stride8": b}
    assert simple_pyramid({"stride4": a}, 4, 0) == {"stride4": a}


def test_initial_kernels_depend_on_seed_and_name_alone() -> None:
    first, again, other = (_pyramid(2, 16, 16, 4, seed)[0].get_weights() for seed in (0, 0, 1))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])
