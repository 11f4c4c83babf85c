from __future__ import annotations

from kerastune_ft.training.left_weights import is_discarded, left_epoch, left_metrics

BEST, LOSS = {"validation_loss": 0.5}, {"validation_loss": 0.4}
START = {"phase": "head", "epoch": 2, "metrics": LOSS}


def test_a_phase_leaves_its_best_epoch() -> None:
    for result in ({"best_epoch": 3, "best": BEST}, {"best_epoch": 3, "best": BEST, "start": START, "kept": True}):
        assert (is_discarded(result), left_epoch(result), left_metrics(result)) == (False, 3, BEST)


def test_or_what_it_began_with() -> None:
    result = {"best_epoch": 3, "best": BEST, "start": START, "kept": False}
    assert (is_discarded(result), left_epoch(result), left_metrics(result)) == (True, 0, LOSS)


def test_nothing_is_known_of_a_phase_that_has_not_ended() -> None:
    assert left_metrics({}) == {}
