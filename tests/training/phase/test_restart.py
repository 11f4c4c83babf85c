"""Beginning a phase again; whole runs are in tests/runs/test_kept_weights.py."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from kerastune_ft.config.options.phases import Retry
from kerastune_ft.errors import DivergedError
from kerastune_ft.training.phase.restart import begin_again
from kerastune_ft.training.phase.state import PhaseState

ERROR = DivergedError("the loss became NaN")


def _work(retry: Retry | None, peaks: tuple[float, ...] = ()) -> Any:
    tried = [{"step": 4, "epoch": 0, "peak": peak, "reason": "NaN"} for peak in peaks]
    options = SimpleNamespace(on_divergence=retry, rate_policy=SimpleNamespace(peak=0.5))
    return SimpleNamespace(options=options, state=PhaseState(step=7, retries=tried), context=SimpleNamespace(run=None))


def test_without_the_key_the_run_ends_as_it_is() -> None:
    with pytest.raises(DivergedError) as raised:
        begin_again(_work(None), {}, ERROR)
    assert raised.value is ERROR


def test_where_no_retry_is_left_it_says_what_was_tried() -> None:
    with pytest.raises(DivergedError) as raised:
        begin_again(_work(Retry(retry=2), (8.0, 2.0)), {}, ERROR)
    assert str(raised.value) == (
        "the loss became NaN; on_divergence began the phase again 2 times, and it diverged at every peak rate: 8 "
        "(at step 4), 2 (at step 4), 0.5 (at step 7); the cause may be in the data and not in the rate"
    )
