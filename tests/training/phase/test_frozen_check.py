from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest

from kerastune_ft.errors import PromiseError
from kerastune_ft.training.phase import frozen_check


class Body:
    """A unit with a BatchNorm that is frozen, one that trains, and a head."""

    def __init__(self) -> None:
        self.units = []
        for name in ("block1", "block2", "head"):
            variables = [keras.Variable(np.full(4, 2.0, np.float32), name=part) for part in ("kernel", "moving_mean")]
            for variable, part in zip(variables, ("kernel", "moving_mean"), strict=True):
                variable._path = f"{name}/{part}"
            self.units.append(SimpleNamespace(id=name, variables=variables))
        self.variables = {one.path: one for unit in self.units for one in unit.variables}
        trained = ("block2/kernel", "head/kernel", "head/moving_mean")
        factors = {"block2": 0.5, "head": 1.0}
        self.plan: Any = SimpleNamespace(
            phase=SimpleNamespace(
                name="top", batch_norm="statistics", rate_policy=SimpleNamespace(peak=1e-3), is_solved=False
            ),
            trained=trained,
            changing=trained,
            selection=SimpleNamespace(statistics=()),
            unit_factors=factors,
        )

    def values(self, paths: Any) -> dict[str, np.ndarray]:
        return {path: self.variables[path].numpy().copy() for path in paths}


@pytest.fixture
def body() -> Any:
    return Body()


def test_everything_not_selected_is_hashed_statistics_too(body: Any) -> None:
    assert list(frozen_check.frozen_hashes(body, body.plan)) == [
        "block1/kernel",
        "block1/moving_mean",
        "block2/moving_mean",
    ]


def test_nothing_changed_is_a_proof(body: Any) -> None:
    before = frozen_check.frozen_hashes(body, body.plan)
    body.variables["head/kernel"].assign(np.zeros(4))
    document = frozen_check.check_frozen(body, body.plan, before, frozen_check.frozen_hashes(body, body.plan))
    assert document["before"] == document["after"] == before
    assert (document["variables"], document["changed"], len(document["sha256"])) == (3, [], 64)


@pytest.mark.parametrize("path", ["block1/kernel", "block2/moving_mean"])
def test_a_frozen_variable_that_changed_in_the_last_bit_is_a_broken_promise(body: Any, path: str) -> None:
    before = frozen_check.frozen_hashes(body, body.plan)
    variable = body.variables[path]
    variable.assign(np.nextafter(variable.numpy(), np.float32(3)))
    with pytest.raises(
        PromiseError, match=f"phase top: 1 frozen variables changed while training, first {path}"
    ) as caught:
        frozen_check.check_frozen(body, body.plan, before, frozen_check.frozen_hashes(body, body.plan))
    assert caught.value.exit_code == 5


def test_distances_are_relative_by_unit(body: Any) -> None:
    before = body.values(body.plan.trained)
    body.variables["block2/kernel"].assign(np.full(4, 3.0))
    body.variables["head/kernel"].assign(np.full(4, 2.0 + np.sqrt(2)))
    assert frozen_check.distances(body, body.plan, before) == pytest.approx({"block2": 0.5, "head": 0.5}, rel=1e-6)


def test_a_unit_that_was_said_to_train_and_did_not_move_is_a_broken_promise(body: Any) -> None:
    before = body.values(body.plan.trained)
    body.variables["head/kernel"].assign(np.zeros(4))
    with pytest.raises(PromiseError, match=r"unit block2 was said to train and did not move; .*\(0\.0005\)"):
        frozen_check.distances(body, body.plan, before)


def test_a_unit_with_the_factor_zero_need_not_move(body: Any) -> None:
    before = body.values(body.plan.trained)
    body.variables["head/kernel"].assign(np.zeros(4))
    body.plan.unit_factors["block2"] = 0.0
    assert frozen_check.distances(body, body.plan, before)["block2"] == 0


def test_a_head_that_a_solver_finds_at_its_optimum_need_not_move(body: Any) -> None:
    body.plan.phase.is_solved = True
    assert frozen_check.distances(body, body.plan, body.values(body.plan.trained)) == {"block2": 0, "head": 0}


@pytest.fixture
def updating(body: Any) -> Any:
    """The body with the statistics of block2 updated."""
    body.plan.changing += ("block2/moving_mean",)
    body.plan.selection = SimpleNamespace(statistics=("block2/moving_mean",))
    return body


def test_updated_statistics_are_not_frozen_and_moved(updating: Any) -> None:
    assert list(frozen_check.frozen_hashes(updating, updating.plan)) == ["block1/kernel", "block1/moving_mean"]
    before = updating.values(updating.plan.changing)
    updating.variables["block2/moving_mean"].assign(np.full(4, 3.0))
    found = frozen_check.updates(updating, updating.plan, before)
    assert found == {"variables": 1, "moved": {"block2": 0.5}}


def test_statistics_that_were_said_to_be_updated_and_did_not_move_are_a_broken_promise(updating: Any) -> None:
    before = updating.values(updating.plan.changing)
    updating.variables["block2/kernel"].assign(np.zeros(4))
    with pytest.raises(PromiseError, match="the BatchNorm statistics of unit block2 were said to be updated"):
        frozen_check.updates(updating, updating.plan, before)


def test_without_updates_there_is_nothing_to_prove(body: Any) -> None:
    assert frozen_check.updates(body, body.plan, body.values(body.plan.changing)) == {"variables": 0, "moved": {}}
