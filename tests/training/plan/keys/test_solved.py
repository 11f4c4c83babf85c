from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from kerastune_ft.errors import ConfigError
from kerastune_ft.training.plan.keys.solved import check_linear, feature_bytes


def session(**shapes: tuple[int, ...]) -> Any:
    return SimpleNamespace(
        variables={path: SimpleNamespace(shape=shape) for path, shape in shapes.items()},
        examples=SimpleNamespace(splits={"train": range(100), "validation": range(20)}),
    )


def cut(*shapes: tuple[int | None, ...]) -> Any:
    return SimpleNamespace(cut=[SimpleNamespace(shape=shape) for shape in shapes])


def test_one_dense_layer_on_a_vector_is_linear() -> None:
    assert check_linear(session(kernel=(16, 3), bias=(3,)), cut((None, 16)), ["kernel", "bias"], "p") == (
        "kernel",
        "bias",
    )


def test_of_several_inputs_the_vectors_stand_one_behind_the_other() -> None:
    wide = session(kernel=(20, 3), bias=(3,))
    whole = cut((None, 16), (None, 4))
    assert check_linear(wide, whole, ["kernel", "bias"], "p") == ("kernel", "bias")


@pytest.mark.parametrize(
    ("shapes", "cuts"),
    [
        ({"kernel": (16, 3), "bias": (3,), "hidden": (16, 16)}, [(None, 16)]),
        ({"kernel": (16, 3)}, [(None, 16)]),
        ({"kernel": (3, 3, 16, 3), "bias": (3,)}, [(None, 7, 7, 16)]),
        ({"kernel": (16, 3), "bias": (3,)}, [(None, 16), (None, 16)]),
        ({"kernel": (16, 3), "bias": (3,)}, [(None, 7, 16)]),
    ],
)
def test_any_other_head_is_refused(shapes: dict[str, tuple[int, ...]], cuts: list[tuple[int | None, ...]]) -> None:
    with pytest.raises(ConfigError, match=r"phases\[0\].optimizer: a solver sets a head that is one dense layer"):
        check_linear(session(**shapes), cut(*cuts), list(shapes), "phases[0]")


@pytest.mark.parametrize(("views", "rows"), [(None, 100), (3, 300)])
def test_features_are_kept_once_and_converted(views: int | None, rows: int) -> None:
    augment = SimpleNamespace(views=views)
    plan: Any = SimpleNamespace(partition=cut((None, 16)), phase=SimpleNamespace(augment=augment))
    assert feature_bytes(session(), plan) == 16 * ((rows + 20) * 4 + rows * 8)
