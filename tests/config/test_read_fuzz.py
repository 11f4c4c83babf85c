from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any

import pytest

from kerastune_ft.config.read import read
from kerastune_ft.errors import ConfigError
from tests.support.config_cases import MINIMAL

JUNK: list[Any] = [None, True, False, 0, -1, 2.5, 1e30, float("nan"), "", "x", "adam", "none", [], [1], ["a"], {}]
JUNK += [{"a": 1}, {"kind": "x"}, {"preset": 3}, {"last": "a"}, {"peak": []}, [[]], [{}], {"name": {}}, {"kind": ["x"]}]


def places(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the place of every value below the top."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*at, key)
        yield from places(item, (*at, key))


def spoil(draw: random.Random, document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with a few values, keys or whole parts replaced by junk."""
    document = copy.deepcopy(document)
    for _ in range(draw.randrange(1, 4)):
        way = draw.choice(list(places(document)))
        holder: Any = document
        for step in way[:-1]:
            holder = holder[step]
        junk = copy.deepcopy(draw.choice(JUNK))
        if isinstance(holder, dict) and draw.random() < 0.2:
            holder[draw.choice(["zz", "lr", "val", "options", "extends", "defaults", "splits"])] = junk
        else:
            holder[way[-1]] = junk
    return document


FULL = read(
    {
        **MINIMAL,
        "data": {**MINIMAL["data"], "splits": {"train": 0.5, "validation": 0.3, "test": 0.2}},
        "task": {"kind": "image_classification", "classes": {"0": "a", "1": "b"}, "positive": "b"},
        "output": {"checkpoint": {"every": {"steps": 3}}},
    }
).to_json()


@pytest.mark.parametrize("seed", range(300))
def test_junk_is_a_problem_with_a_place_and_never_a_crash(seed: int) -> None:
    draw = random.Random(seed)
    document = spoil(draw, draw.choice([MINIMAL, FULL]))
    overrides = draw.sample(["seed=1", "phases.head.epochs=1", "phases[1].unfreeze.last=2", "defaults.epochs=1"], 2)
    try:
        read(document, draw.choice([[], overrides]))
    except ConfigError as error:
        assert error.problems
        for problem in error.problems:
            assert problem.place.path
            assert "is not allowed (" not in problem.message  # every kind of error of the models has its own words
