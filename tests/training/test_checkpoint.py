from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastune_ft.config.runtime import Checkpointing
from kerastune_ft.errors import ConfigError
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training import checkpoint
from kerastune_ft.training.checkpoint import Checkpoints, Tensors, pack, read_variables, unpack
from kerastune_ft.training.watch import Watch

FOLDER = "phases/00-head"


class Notes(Watch):
    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, text: str) -> None:
        self.said.append(text)


def checkpoints(run: RunDirectory, source: str = "source", **options: Any) -> Checkpoints:
    return Checkpoints(run, FOLDER, Checkpointing.model_validate(options), source)


def write(to: Checkpoints, step: int) -> None:
    variables = {"head/kernel": np.full((2, 3), step, np.float32)}
    optimizer = {"00000/optimizer/iteration": np.array(step)}
    to.write(step, Tensors(variables, optimizer), {"step": step}, {"head/kernel": np.zeros((2, 3), np.float32)})


def names(run: RunDirectory) -> list[int]:
    return [int(name.split(".")[0]) for name in run.listing(f"{FOLDER}/checkpoint")]


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return RunDirectory(tmp_path)


@pytest.mark.parametrize("dtype", ["float32", "float16", "int64", "bool"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3, 4)])
def test_arrays_come_back_as_they_were(dtype: str, shape: tuple[int, ...]) -> None:
    value = np.random.default_rng(0).integers(0, 2, shape).astype(dtype)
    arrays, header = unpack(pack({"a/b": value}, "source", state={"sums": [0.1 + 0.2]}))
    assert arrays["a/b"].shape == shape
    assert arrays["a/b"].dtype == value.dtype
    np.testing.assert_array_equal(arrays["a/b"], value)
    assert header == {"source": "source", "state": {"sums": [0.1 + 0.2]}}


def test_an_array_in_another_order_is_stored_by_rows() -> None:
    value = np.arange(6.0).reshape(2, 3).T
    np.testing.assert_array_equal(unpack(pack({"a": value}, "s"))[0]["a"], value)


def test_the_same_weights_are_the_same_bytes() -> None:
    arrays = {name: np.ones(3, np.float32) for name in "abc"}
    packed = {pack(arrays, "source", phase="head", epoch=3, more=1) for _ in range(20)}
    assert len(packed) == 1


@pytest.mark.parametrize("length", [0, 4, 9, 60, -1])
def test_a_cut_file_is_damaged(length: int) -> None:
    content = pack({"a": np.ones(50, np.float32)}, "s", state={})
    with pytest.raises(ValueError, match="not a complete safetensors file"):
        unpack(content[:length])


def test_weights_of_another_source_are_refused(run: RunDirectory) -> None:
    run.commit("best.safetensors", pack({"a": np.ones(2)}, "one"))
    assert list(read_variables(run, "best.safetensors", "one")) == ["a"]
    with pytest.raises(ConfigError, match=r"best\.safetensors was trained from other pretrained weights.*--fresh"):
        read_variables(run, "best.safetensors", "other")


def test_the_newest_comes_back(run: RunDirectory) -> None:
    to = checkpoints(run)
    assert to.newest(Watch()) is None
    for step in (2, 4, 10):
        write(to, step)
    found = checkpoints(run).newest(Watch())
    assert found is not None
    tensors, state, best = found
    assert state == {"step": 10}
    assert tensors.variables["head/kernel"][0, 0] == 10
    assert tensors.optimizer["00000/optimizer/iteration"].shape == ()
    assert best["head/kernel"].sum() == 0


@pytest.mark.parametrize("keep", [1, 2, 3])
def test_the_newest_few_are_kept(run: RunDirectory, keep: int) -> None:
    to = checkpoints(run, keep=keep)
    for step in (2, 4, 6, 8):
        write(to, step)
    assert names(run) == [2, 4, 6, 8][-keep:]


def test_a_damaged_newest_is_passed_over_with_a_note(run: RunDirectory) -> None:
    for step in (2, 4):
        write(checkpoints(run), step)
    path = Path(run.path) / FOLDER / "checkpoint" / "000000004.safetensors"
    path.write_bytes(path.read_bytes()[:-7])
    notes = Notes()
    found = checkpoints(run).newest(notes)
    assert found is not None
    assert found[1] == {"step": 2}
    assert len(notes.said) == 1
    assert "000000004.safetensors is damaged" in notes.said[0]


@pytest.mark.parametrize("keep", [1, 2])
def test_going_on_from_an_earlier_one_drops_the_damaged_later_one(run: RunDirectory, keep: int) -> None:
    run.commit(f"{FOLDER}/checkpoint/000000008.safetensors", b"damaged")
    to = checkpoints(run, keep=keep)
    for step in (4, 6):
        write(to, step)
    assert names(run) == [4, 6][-keep:]


def test_a_checkpoint_of_another_source_is_refused(run: RunDirectory) -> None:
    write(checkpoints(run, "one"), 2)
    with pytest.raises(ConfigError, match="other pretrained weights"):
        checkpoints(run, "other").newest(Watch())


def test_every_so_many_steps_is_literal(run: RunDirectory) -> None:
    to = checkpoints(run, every={"steps": 3})
    assert [step for step in range(1, 10) if to.is_due(step, epoch_ended=False)] == [3, 6, 9]


def test_epoch_checkpoints_wait_for_thirty_seconds(run: RunDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    to = checkpoints(run)
    assert not to.is_due(1, epoch_ended=True)
    clock[0] += checkpoint.SECONDS_BETWEEN_EPOCH_CHECKPOINTS
    assert to.is_due(1, epoch_ended=True)
    assert not to.is_due(1, epoch_ended=False)
    write(to, 1)
    assert not to.is_due(2, epoch_ended=True)


def test_minutes_count_within_an_epoch(run: RunDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    to = checkpoints(run, every={"minutes": 0.5})
    clock[0] = 29.0
    assert not to.is_due(1, epoch_ended=True)
    clock[0] = 30.0
    assert to.is_due(1, epoch_ended=False)
