"""What `kt.init` makes of its arguments."""

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


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"adapt": 3}, r"adapt: 3 is no path \(a value of type int\); give True for the texts"),
        ({"data": 5}, r"data: 5 is no path \(a value of type int\); give a text or a path"),
        ({"output": 1.5}, r"output: 1\.5 is no path \(a value of type float\); give a text or a path"),
        ({"backbone": ["a"]}, r"backbone: \['a'\] is no path \(a value of type list\); give a text or a path"),
        ({"label": 5}, r"label: 5 names no column; give the name of one, or a list"),
        ({"measure": [3]}, r"measure: \[3\] is no time; give True, seconds"),
    ],
)
def test_values_of_other_types_are_refused_with_what_to_give(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(kt.ConfigError, match=said):
        kt.init(**{"data": "photos", **arguments})


def test_one_label_may_be_a_text(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}
    monkeypatch.setattr(module.scaffold, "init", lambda *words, **named: given.update(named))
    kt.init("photos.csv", label="finding")
    assert given["label"] == ["finding"]
