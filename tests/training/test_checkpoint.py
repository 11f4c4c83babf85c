from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastune_ft.config.options.runtime import Checkpointing
from kerastune_ft.durable import join_content
from kerastune_ft.errors import ConfigError, ResourceError
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training import checkpoint
from kerastune_ft.training.checkpoint import Checkpoints, Snapshot, Tensors, pack, read_end, read_variables, unpack
from kerastune_ft.training.watch import Watcher

FOLDER = "phases/00-head"


class Notes(Watcher):
    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, text: str) -> None:
        self.said.append(text)


def checkpoints(run: RunDirectory, source: str = "source", **options: Any) -> Checkpoints:
    return Checkpoints(run, FOLDER, Checkpointing.model_validate(options), source)


def snapshot(step: int, best_step: int = 0) -> Snapshot:
    variables = {"head/kernel": np.full((2, 3), step, np.float32)}
    optimizer = {"00000/optimizer/iteration": np.array(step)}
    best = {"head/kernel": np.full((2, 3), best_step, np.float32)} if best_step else {}
    return Snapshot(step, Tensors(variables, optimizer), {"step": step}, best_step, best)


def write(to: Checkpoints, step: int, best_step: int = 0) -> None:
    to.write(snapshot(step, best_step))
    to.wait()


def names(run: RunDirectory, beginning: str = "0") -> list[int]:
    listed = run.list_files(f"{FOLDER}/checkpoint")
    return [int(name.split(".")[0].split("-")[-1]) for name in listed if name.startswith(beginning)]


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return RunDirectory(tmp_path)


@pytest.mark.parametrize("dtype", ["float32", "float16", "int64", "bool"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3, 4)])
def test_arrays_come_back_as_they_were(dtype: str, shape: tuple[int, ...]) -> None:
    value = np.random.default_rng(0).integers(0, 2, shape).astype(dtype)
    arrays, header = unpack(join_content(pack({"a/b": value}, "source", state={"sums": [0.1 + 0.2]})))
    assert arrays["a/b"].shape == shape
    assert arrays["a/b"].dtype == value.dtype
    np.testing.assert_array_equal(arrays["a/b"], value)
    assert header == {"source": "source", "state": {"sums": [0.1 + 0.2]}}


def test_an_array_in_another_order_is_stored_by_rows() -> None:
    value = np.arange(6.0).reshape(2, 3).T
    np.testing.assert_array_equal(unpack(join_content(pack({"a": value}, "s")))[0]["a"], value)


def test_the_same_weights_are_the_same_bytes() -> None:
    arrays = {name: np.ones(3, np.float32) for name in "abc"}
    packed = {join_content(pack(arrays, "source", phase="head", epoch=3, more=1)) for _ in range(20)}
    assert len(packed) == 1


@pytest.mark.parametrize("length", [0, 4, 9, 60, -1])
def test_a_cut_file_is_damaged(length: int) -> None:
    content = join_content(pack({"a": np.ones(50, np.float32)}, "s", state={}))
    with pytest.raises(ValueError, match="not a complete safetensors file"):
        unpack(content[:length])


@pytest.mark.parametrize("place", ["value", "state"])
def test_a_changed_byte_is_damage(place: str) -> None:
    content = bytearray(join_content(pack({"a": np.ones(50, np.float32)}, "s", state={"step": 7})))
    content[-1 if place == "value" else content.index(b'step\\": 7') + 8] ^= 1
    with pytest.raises(ValueError, match="not what was written"):
        unpack(bytes(content))


def test_weights_of_another_source_are_refused(run: RunDirectory) -> None:
    run.commit("best.safetensors", pack({"a": np.ones(2)}, "one"))
    assert list(read_variables(run, "best.safetensors", "one")) == ["a"]
    with pytest.raises(ConfigError, match=r"best\.safetensors was trained from other pretrained weights.*--fresh"):
        read_variables(run, "best.safetensors", "other")


def test_the_newest_comes_back(run: RunDirectory) -> None:
    to = checkpoints(run)
    assert to.newest(Watcher()) is None
    for step in (2, 4, 10):
        write(to, step, best_step=step - 1)
    found = checkpoints(run).newest(Watcher())
    assert found is not None
    assert (found.step, found.best_step, found.state) == (10, 9, {"step": 10})
    assert found.tensors.variables["head/kernel"][0, 0] == 10
    assert found.tensors.optimizer["00000/optimizer/iteration"].shape == ()
    assert found.best["head/kernel"][0, 0] == 9


def test_best_weights_are_written_when_they_change_and_kept_as_long_as_needed(run: RunDirectory) -> None:
    to = checkpoints(run)
    seen = []
    for step, best in ((2, 0), (4, 3), (6, 3), (8, 7), (10, 7), (12, 7)):
        write(to, step, best)
        seen.append(names(run, "best-"))
    # At 8 the checkpoint after 6 is still there, whose best are those of 3.
    assert seen == [[], [3], [3], [3, 7], [7], [7]]
    stamp = (Path(run.path) / FOLDER / "checkpoint" / "best-000000007.safetensors").stat().st_mtime_ns
    write(to, 14, 7)
    assert (Path(run.path) / FOLDER / "checkpoint" / "best-000000007.safetensors").stat().st_mtime_ns == stamp


def test_a_resumed_phase_knows_the_best_weights_that_are_there(run: RunDirectory) -> None:
    write(checkpoints(run), 4, 3)
    path = Path(run.path) / FOLDER / "checkpoint" / "best-000000003.safetensors"
    stamp = path.stat().st_mtime_ns
    again = checkpoints(run)
    assert again.newest(Watcher()) is not None
    write(again, 6, 3)
    assert path.stat().st_mtime_ns == stamp


@pytest.mark.parametrize("harm", ["cut", "gone"])
def test_damaged_best_weights_make_their_checkpoint_useless(run: RunDirectory, harm: str) -> None:
    to = checkpoints(run)
    write(to, 4, 3)
    write(to, 6, 5)
    path = Path(run.path) / FOLDER / "checkpoint" / "best-000000005.safetensors"
    if harm == "cut":
        path.write_bytes(path.read_bytes()[:-4])
    else:
        path.unlink()
    notes = Notes()
    found = checkpoints(run).newest(notes)
    assert found is not None
    assert (found.step, found.best_step) == (4, 3)
    assert len(notes.said) == 1


def test_nothing_is_left_where_nothing_is_needed(run: RunDirectory) -> None:
    to = checkpoints(run)
    write(to, 4, 3)
    write(to, 6, 5)
    to.clear(but=6)
    assert (names(run), names(run, "best-")) == ([6], [])
    to.clear()
    assert run.list_files(f"{FOLDER}/checkpoint") == []


def test_what_goes_wrong_while_writing_is_raised_by_the_next_call(
    run: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: RunDirectory, name: str, content: bytes) -> None:
        raise ResourceError("no space left")

    monkeypatch.setattr(RunDirectory, "commit", full)
    to = checkpoints(run)
    to.write(snapshot(2))
    with pytest.raises(ResourceError, match="no space left"):
        to.write(snapshot(4))
    to.wait()


def test_the_end_of_a_phase_is_what_it_says(run: RunDirectory) -> None:
    run.commit_json(f"{FOLDER}/result.json", {"steps": 6})
    write(checkpoints(run), 4)
    with pytest.raises(ConfigError, match=r"000000006.safetensors.*cannot be read.*carry_optimizer"):
        read_end(run, FOLDER, "source")
    write(checkpoints(run), 6)
    assert read_end(run, FOLDER, "source").state == {"step": 6}


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
    assert found.state == {"step": 2}
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
        checkpoints(run, "other").newest(Watcher())


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


def test_epoch_checkpoints_that_take_long_are_rarer(run: RunDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    real = RunDirectory.commit

    def slow(self: RunDirectory, name: str, content: bytes) -> None:
        clock[0] += 2
        real(self, name, content)

    monkeypatch.setattr(RunDirectory, "commit", slow)
    to = checkpoints(run)
    write(to, 1)
    # It took 2 s, so it is 80 until the next.
    clock[0] += 70
    assert not to.is_due(2, epoch_ended=True)
    clock[0] += 20
    assert to.is_due(2, epoch_ended=True)


def test_minutes_count_within_an_epoch(run: RunDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    to = checkpoints(run, every={"minutes": 0.5})
    clock[0] = 29.0
    assert not to.is_due(1, epoch_ended=True)
    clock[0] = 30.0
    assert to.is_due(1, epoch_ended=False)
