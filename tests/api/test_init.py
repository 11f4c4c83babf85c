"""What `kt.init` makes of `measure`."""

from __future__ import annotations

from typing import Any

import pytest

import kerastune_ft as kt
from kerastune_ft.api import init as module


@pytest.mark.parametrize(("measure", "seconds"), [(False, None), (True, 600.0), ("3m", 180.0), (90, 90.0)])
def test_a_ranking_takes_the_time_that_is_given(
    monkeypatch: pytest.MonkeyPatch, measure: Any, seconds: float | None
) -> None:
    given: dict[str, Any] = {}
    monkeypatch.setattr(module, "make_rank", lambda seconds: ("rank", seconds))
    monkeypatch.setattr(module.scaffold, "init", lambda *words, **named: given.update(named))
    kt.init("photos", measure=measure)
    assert given["rank"] == (None if seconds is None else ("rank", seconds))


def test_what_is_no_time_is_refused_with_what_may_follow() -> None:
    # As after `init --measure photos`, where photos were meant as the data.
    with pytest.raises(kt.ConfigError, match=r"--measure: .*photos.* stands a time or an option"):
        kt.init(None, measure="photos")
