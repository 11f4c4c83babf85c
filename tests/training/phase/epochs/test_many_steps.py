"""How many updates go into a compiled call: never past a checkpoint, and no more than are soon done."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft.training.phase.epochs.many_steps import Pace, can_run_many, run_many
from kerastune_ft.training.profiling.clock import OFF


def _pace(steps: int) -> Pace:
    """Return a pace that allows so many steps, whatever this machine is busy with."""
    pace = Pace()
    pace.limit = lambda possible: min(steps, possible)  # type: ignore[method-assign]
    return pace


def _work(every: int | None, stacks: list[int], step: int = 0) -> tuple[Any, list[tuple[int, int, int]]]:
    """Return work on stacks of so many batches each, and the calls made: the stack, its first batch, how many."""
    calls = []

    def train_many(stack: tuple, first: int, count: int, epoch: tf.Tensor) -> tf.Tensor:
        calls.append((int(stack[0][0]), first, count))
        return tf.zeros([count, 3])

    arrays = [(tf.fill([batches], number),) for number, batches in enumerate(stacks)]
    return SimpleNamespace(
        context=SimpleNamespace(clock=OFF),
        state=SimpleNamespace(epoch=0, step=step),
        feed=SimpleNamespace(training_stacks=lambda order, epoch: iter(arrays)),
        prepared=SimpleNamespace(step=SimpleNamespace(train_many=train_many)),
        checkpoints=SimpleNamespace(steps_until_due=lambda step: None if every is None else every - step % every),
    ), calls


def _run(work: Any, pace: Pace) -> list[int]:
    made = []
    for steps, sums in run_many(work, pace, SimpleNamespace()):  # type: ignore[arg-type]
        assert np.shape(sums) == (steps, 3)
        work.state.step += steps
        made.append(work.state.step)
    return made


def test_calls_end_with_their_stack_and_at_every_step_that_has_a_checkpoint() -> None:
    work, calls = _work(every=4, stacks=[6, 3], step=1)
    assert _run(work, _pace(100)) == [4, 7, 8, 10]
    assert calls == [(0, 0, 3), (0, 3, 3), (1, 0, 1), (1, 1, 2)]


def test_without_checkpoints_between_a_stack_is_as_many_calls_as_its_pace_needs() -> None:
    work, calls = _work(every=None, stacks=[7])
    assert _run(work, _pace(3)) == [3, 6, 7]
    assert calls == [(0, 0, 3), (0, 3, 3), (0, 6, 1)]


def test_the_pace_doubles_while_calls_are_short_and_falls_where_steps_are_slow() -> None:
    pace = Pace()
    assert pace.limit(50) == 1
    # Compiling says nothing of the steps to come.
    pace.note(1, 30.0)
    assert pace.limit(50) == 1
    for steps in (2, 4, 8):
        pace.note(pace.limit(50), 0.001)
        assert pace.limit(50) == steps
    assert pace.limit(5) == 5
    pace.note(8, 1.6)
    assert pace.limit(50) == 2
    pace.note(2, 100.0)
    assert pace.limit(50) == 1


def test_large_steps_and_features_that_are_not_stored_are_computed_one_by_one() -> None:
    for stored, small in ((True, True), (True, False), (False, True)):
        work: Any = SimpleNamespace(
            feed=SimpleNamespace(can_stack=lambda supply, stored=stored: stored, training=None),
            prepared=SimpleNamespace(step=SimpleNamespace(runs_many=lambda rows, small=small: small)),
            phase=SimpleNamespace(update_batch=8),
        )
        assert can_run_many(work) is (stored and small)
