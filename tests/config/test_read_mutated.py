"""Configurations with keys taken out, types changed, values out of range and parts in the wrong place."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.config.documents.files import SHIPPED
from kerastune_ft.config.read import read
from kerastune_ft.errors import ConfigError

SEEDS = 500
JUNK: list[Any] = [
    None,
    True,
    0,
    -1,
    1,
    2.5,
    1e308,
    -1e308,
    2**70,
    "",
    "x",
    "null",
    "../..",
    "${NO}",
    "é\u200b",
    "\x00",
    "~x",
]
JUNK += [
    [],
    {},
    [[]],
    [{}],
    {"": 1},
    {"kind": 3},
    {"kind": "table"},
    {"preset": []},
    [None],
    ["a", "a"],
    {"a": {"b": {}}},
]
JUNK += [
    {"train": "a.csv"},
    {"train": ["a.csv", 3]},
    {"test": "b.csv"},
    {"folds": -1},
    {"column": {}},
    ["*.csv"],
    "data/*.csv",
]
TABLE = {
    "task": {"kind": "text_classification", "multi_label": True, "classes": {"0": "a", "1": "b"}},
    "data": {"kind": "table", "path": ["a.csv", "b.csv"], "input": ["a", "b"],
             "label": {"column": "x", "separator": "|"},
             "splits": {"validation": "v.csv", "test": ["t.csv"]}, "sequence_length": 32},
    "backbone": {"kind": "keras_hub", "class": "BertBackbone", "options": {"num_layers": 1}},
    "phases": {"preset": "head_then_top", "epochs": 3},
    "defaults": {"optimizer": {"name": "adamw"}, "learning_rate": {"peak": 0.1, "shape": "cosine"}, "accumulate": 2},
}  # fmt: skip
SET = ["phases.epochs=5", "phases.learning_rate.peak=x", "backbone.preset=y", "backbone.kind=saved", "data.kind=folder"]
SET += [
    "data.splits.folds=3",
    "data.splits.column=c",
    "phases[7].epochs=1",
    "task.kind=image_regression",
    "phases=gradual",
]
SET += [
    "backbone.name=ResNet50",
    "phases.unfreeze=all",
    "defaults.batch_size=0",
    "a.b.c=1",
    "data.path=[]",
    "phases.x.y=1",
]


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the place of every value below the top."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, item in items for place in ((*at, key), *places(item, (*at, key)))]


def mutate(draw: random.Random, document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with one to five keys taken out, moved, repeated in another place or set to junk."""
    document = copy.deepcopy(document)
    for _ in range(draw.randint(1, 5)):
        every = places(document)
        if not every:
            break
        *way, last = draw.choice(every)
        holder: Any = document
        for step in way:
            holder = holder[step]
        do = draw.randrange(5)
        if do == 0:
            del holder[last]
        elif do == 1:
            holder[last] = copy.deepcopy(draw.choice(JUNK))
        elif do == 2 and isinstance(holder[last], int | float) and not isinstance(holder[last], bool):
            holder[last] = draw.choice([-1, 0, 1e9, 2**64, 0.5, "3"])
        elif do == 3:
            document[str(draw.choice(["data", "task", "phases", "head", "runtime", "zz"]))] = copy.deepcopy(
                holder[last]
            )
        elif isinstance(holder, dict):
            key = draw.choice(["kind", "splits", "path", "options", "extends", "classes", "label"])
            holder[key] = copy.deepcopy(document)
    return document


@pytest.mark.slow
def test_500_mutated_configurations_are_read_or_named(tmp_path: Path) -> None:
    shipped = [json.loads(path.read_text()) for path in sorted(SHIPPED.rglob("*.json")) if path.stem != "schema"]
    wrong, refused = [], 0
    for seed in range(SEEDS):
        draw = random.Random(seed)
        document = mutate(draw, draw.choice([TABLE, *shipped]))
        source: Any = document
        if draw.random() < 0.3:
            source = tmp_path / f"{seed}.json"
            source.write_text(json.dumps(document))
        try:
            read(source, draw.sample(SET, draw.choice([0, 0, 1, 3])))
        except ConfigError as error:
            refused += 1
            if not error.problems or not all(problem.message for problem in error.problems):
                wrong.append(f"{seed}: no place: {error}")
        except Exception as error:
            wrong.append(f"{seed}: {type(error).__name__}: {error}")
    assert wrong == []
    assert SEEDS // 2 < refused < SEEDS
