"""What the steps of an epoch add up to, and which batches are still to come after an interruption."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.errors import DivergedError
from kerastune_ft.training.phase.epochs.epoch import add_sums, find_order
from kerastune_ft.training.phase.state import PhaseState


def _work(state: PhaseState, seen: list[tuple[int, float | None]] | None = None) -> Any:
    watch = SimpleNamespace(step_done=lambda step, loss: seen is None or seen.append((step, loss)))
    source = SimpleNamespace(splits={"train": np.arange(10)})
    session = SimpleNamespace(
        config=SimpleNamespace(seed=5),
        source=source,
        examples=source,
        devices=SimpleNamespace(replicas=1),
        loader=SimpleNamespace(buckets=None),
    )
    return SimpleNamespace(
        context=SimpleNamespace(watch=watch),
        session=session,
        options=SimpleNamespace(name="head", clip_norm=None, sampling=None),
        phase=SimpleNamespace(index=0, draws=0, update_batch=4, micro_batches=1, steps=5),
        prepared=SimpleNamespace(scale=None),
        rates=np.full(9, 0.25, np.float32),
        state=state,
    )


def test_sums_of_steps_are_added_without_what_was_asked_for() -> None:
    seen: list[tuple[int, float | None]] = []
    work = _work(PhaseState(step=7, sums=[2.0, 3.0]), seen)
    of_three = np.array([[2.0, 8.0, 0.0], [1.0, 0.5, 0.0], [1.0, 0.5, 0.0]])
    pending: list[Any] = [tf.constant([4.0, 5.0, 1.0], tf.float64), of_three]
    add_sums(work, pending)
    assert work.state.sums == [10.0, 17.0]
    assert seen == [(7, 1.7)]
    assert pending == []


def test_a_loss_that_is_no_number_ends_the_phase_with_the_rate_of_its_step() -> None:
    # Of three steps in one call the second is the first without a number.
    sums = np.array([[4.0, 1.0, 0.0], [4.0, np.nan, 0.0], [4.0, np.inf, 0.0]])
    work = _work(PhaseState(step=7))
    with pytest.raises(DivergedError, match=r"at step 6 \(learning rate 0.25\).*clip_norm"):
        add_sums(work, [sums])
    assert work.state.step == 6, "however many steps were made until it was seen"


def test_a_gradient_that_overflows_ends_the_phase_at_its_own_step() -> None:
    work = _work(PhaseState(step=7))
    work.prepared.scale = SimpleNamespace(is_failed=True, steps_since_failure=2)
    with pytest.raises(DivergedError, match=r"overflow float16 at step 5 whatever"):
        add_sums(work, [np.array([[4.0, 1.0, 0.0]] * 4)])
    assert work.state.step == 5, "however many steps were made until it was seen"


def test_an_interrupted_epoch_goes_on_after_its_last_step_and_ends_with_the_phase() -> None:
    whole = find_order(_work(PhaseState()))
    assert whole.batches == 3
    assert sorted(whole.indices[whole.weights > 0]) == list(range(10))
    rest = find_order(_work(PhaseState(step=1, epoch_steps=1)))
    assert rest.indices.tolist() == whole.indices[4:].tolist()
    # Of 5 steps two are left to the second epoch.
    assert find_order(_work(PhaseState(epoch=1, step=3))).batches == 2
