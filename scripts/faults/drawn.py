"""Runs to strike whose phases are drawn: any keys beside each other that a configuration may have.

A key, or several that belong together, is a row of `OF_PHASES`, or of `OF_RUNS` for what is no key of a phase. Which
keys exclude each other is not known here: the configuration is read, and what it refuses is taken out again.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faults.sample import choose_replicas
from faults.subjects import SUBJECTS
from kerastune_ft.config.documents.problems import Problem
from kerastune_ft.config.read import read
from kerastune_ft.errors import ConfigError


@dataclass(frozen=True)
class Row:
    """Keys that are written together, in one of several ways."""

    ways: tuple[Mapping[str, Any], ...]
    only: tuple[str, ...] = ()
    """The subjects that have these keys; all where none is named."""
    chance: float = 0.3


_PICTURES = ("images", "labels", "values", "masks", "boxes", "inputs")
_CLASSES = ("images", "texts", "sounds", "labels", "inputs")
_HEADED = tuple(name for name, subject in SUBJECTS.items() if not subject.writes)
_WRITERS = tuple(name for name, subject in SUBJECTS.items() if subject.writes)
# Their heads are linear.
_LINEAR = ("images", "texts", "sounds", "labels", "values")
_HUGE = 1e27

OF_PHASES: tuple[Row, ...] = (
    Row(
        ({"unfreeze": "none"}, {"unfreeze": {"last": 1}}, {"unfreeze": {"last": 3}}, {"unfreeze": "biases"}),
        _HEADED,
        chance=1,
    ),
    Row(({"unfreeze": {"last": 1}}, {"unfreeze": {"last": 2}}, {"unfreeze": "all"}), _WRITERS, chance=1),
    Row(({"epochs": 1}, {"epochs": 2}, {"epochs": 3}, {"steps": 7, "epochs": None}), chance=1),
    Row(
        (
            {"learning_rate": {"peak": 0.003, "shape": "cosine", "warmup": 0.2, "unit_decay": 0.5}},
            {"learning_rate": {"peak": 0.01, "shape": "one_cycle"}},
            {"learning_rate": {"peak": 0.01, "shape": "one_cycle", "momentum": [0.95, 0.85, 0.95]}},
            {"learning_rate": {"peak": 0.003, "unit_span": 10}},
        )
    ),
    Row(
        ({"optimizer": {"name": "sgd", "momentum": 0.9}}, {"optimizer": "nadam"}, {"optimizer": "adafactor"}),
        chance=0.2,
    ),
    Row(
        (
            {
                "optimizer": "sgd",
                "learning_rate": {"peak": 0.01, "shape": "one_cycle", "momentum": [0.9, 0.0, 0.9], "unit_decay": 0.5},
            },
        ),
        chance=0.1,
    ),
    Row(({"optimizer": {"name": "lbfgs", "l2": 0.01}, "unfreeze": "none"},), _HEADED, chance=0.15),
    Row(({"clip_norm": 0.5}, {"clip_norm": None})),
    Row(({"accumulate": 2}, {"accumulate": "auto"})),
    Row(({"augment": "light"}, {"augment": {"preset": "medium", "views": 2}}), (*_PICTURES, "sounds", "speech")),
    Row(({"augment": {"preset": "none", "flip": "both", "views": 2}},), ("masks", "boxes")),
    Row(({"augment": {"preset": "strong", "noise": "noise"}},), ("sounds",)),
    Row(({"augment": {"preset": "light", "noise": "noise", "views": 2}},), ("sounds",)),
    Row(({"image_size": 48},), ("images", "labels", "values"), chance=0.2),
    Row(({"mixup": 0.3}, {"mixup": 1.0})),
    Row(({"cutmix": 1.0},)),
    Row(({"label_smoothing": 0.1},)),
    Row(({"loss": "focal"}, {"loss": {"name": "focal", "gamma": 1.0}}), _CLASSES),
    Row(({"loss": "mae"}, {"loss": {"name": "huber", "delta": 0.5}}), ("values",)),
    Row(({"loss": "dice"}, {"loss": "cross_entropy_dice"}, {"loss": "focal"}, {"loss": "focal_dice"}), ("masks",)),
    Row(({"class_weights": "balanced"}, {"sampling": "balanced"})),
    Row(({"ema": 0.5}, {"ema": 0.99})),
    Row(({"l2_sp": 0.1},)),
    Row(({"keep_if_better": True}, {"keep_if_better": True, "learning_rate": 0.3})),
    # The phase diverges at once, and begins again at a rate of 0.001, or at one that diverges again.
    Row(
        (
            {"on_divergence": {"retry": 1, "factor": 1e-30}, "learning_rate": {"peak": _HUGE, "unit_decay": 0.7}},
            {"on_divergence": {"retry": 2, "factor": 3e-16}, "learning_rate": _HUGE},
        ),
        chance=0.2,
    ),
    Row(({"early_stopping": {"patience": 1}}, {"early_stopping": None})),
    Row(({"monitor": "validation_accuracy"},), _CLASSES),
    Row(({"monitor": "validation_rouge_l"},), ("talk", "summaries")),
    Row(({"monitor": "validation_word_error_rate"},), ("speech",)),
    Row(({"start_from": "last"}, {"start_from": "pretrained"})),
    Row(({"carry_optimizer": True},)),
    Row(({"weight_decay": 0.1},)),
    Row(({"batch_size": 7}, {"batch_size": 32})),
    Row(({"batch_norm": "train"}, {"batch_norm": "statistics"}), (*_PICTURES, "sounds")),
    Row(({"dropout": 0.5},)),
    Row(({"lora": {"rank": 2}, "unfreeze": {"last": 1}},), chance=0.15),
    Row(({"cache": "off"}, {"cache": "required"})),
)
"""What may be written in a phase; later rows replace what earlier ones wrote."""

OF_RUNS: tuple[Row, ...] = (
    Row(({"refit": True},), chance=0.5),
    Row(({"phases": "auto"},), _LINEAR, chance=0.1),
    Row(({"phases": {"preset": "unfreeze_at", "epochs": 3, "at": {"1": {"last": 1}, "2": {"last": 2}}}},), chance=0.05),
    Row(({"phases": {"preset": "linear_probe_then_finetune", "epochs": 2}},), _LINEAR, chance=0.05),
    Row(({"output": {"checkpoint": {"every": {"steps": 2}}}}, {"output": {"checkpoint": {"every": {"steps": 3}}}})),
    Row(({"output": {"checkpoint": {"every": {"steps": 1}}, "gradient_norms": True}},)),
)
"""What may be written at the top of a file."""

# What a phase gets where a key that was taken out left it without one.
_NEEDED: Mapping[str, Any] = {"learning_rate": 0.003, "epochs": 2, "unfreeze": "none"}
_MOST_PHASES = 3


def write(folder: Path, strategy: str, seed: int) -> Path:
    """Write the examples and the configuration that a seed draws into a folder; return the configuration's path."""
    draw = random.Random(seed)
    subject = draw.choice(list(SUBJECTS))
    made = {
        "name": "chaos",
        "seed": seed,
        **SUBJECTS[subject].sections(folder),
        "defaults": {"batch_size": 10},
        "phases": [_draw_phase(draw, subject, number) for number in range(draw.randint(2, _MOST_PHASES))],
        "runtime": choose_replicas(strategy),
        **_draw_rows(draw, OF_RUNS, subject),
    }
    path = folder / "chaos.json"
    path.write_text(json.dumps(drop_problems(made), indent=1))
    return path


def _draw_phase(draw: random.Random, subject: str, number: int) -> dict[str, Any]:
    drawn = {"learning_rate": 0.003, **_draw_rows(draw, OF_PHASES, subject)}
    return {"name": f"p{number}", **{key: value for key, value in drawn.items() if value is not None}}


def _draw_rows(draw: random.Random, rows: tuple[Row, ...], subject: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for row in rows:
        # Drawn whether the row applies or not, so that subjects draw the same keys of those that all have.
        is_drawn, way = draw.random() < row.chance, draw.choice(row.ways)
        if is_drawn and (not row.only or subject in row.only):
            found |= copy.deepcopy(dict(way))
    return found


def drop_problems(document: dict[str, Any]) -> dict[str, Any]:
    """Return a configuration without the keys of its phases that cannot stand beside the others."""
    made = copy.deepcopy(document)
    while problem := _first_problem(made):
        where, index, key = (*problem.place.path, None, None)[:3]
        phase = made["phases"][index] if where == "phases" and isinstance(index, int) else {}
        if key in phase:
            del phase[key]
        elif phase and key in _NEEDED:
            phase[key] = _NEEDED[key]
        else:
            raise ValueError(f"{problem.place.path}: {problem.message}")
    return made


def _first_problem(document: dict[str, Any]) -> Problem | None:
    try:
        read(document)
    except ConfigError as error:
        return error.problems[0]
    return None
