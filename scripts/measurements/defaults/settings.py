"""The settings that are compared, by table; each changes a base in one thing."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Config = dict[str, Any]

IMAGES = ("images/flowers", "images/mars", "images/blood_cells")
TEXTS = ("text/sst2:1000", "text/banking77:1500", "text/medical_abstracts:400")
SMALL = ("images/flowers:20", "images/flowers:50")


@dataclass(frozen=True)
class Table:
    """Settings to compare on some sets: each name has the parts of a configuration that it writes."""

    sets: Sequence[str]
    settings: Mapping[str, Mapping[str, Any]]


def change(config: Mapping[str, Any], changes: Mapping[str, Any]) -> Config:
    """Return a configuration with parts replaced; of maps, key by key."""
    changed = copy.deepcopy(dict(config))
    for key, value in changes.items():
        is_map = isinstance(value, Mapping) and isinstance(changed.get(key), Mapping)
        changed[key] = change(changed[key], value) if is_map else copy.deepcopy(value)
    return changed


def _head(epochs: int = 15, rate: float = 0.001, **more: Any) -> Config:
    return {"name": "head", "unfreeze": "none", "epochs": epochs, "learning_rate": rate, **more}


def _later(unfreeze: Any = None, epochs: int = 15, peak: float = 0.0001, shape: str = "cosine", **more: Any) -> Config:
    decay = more.pop("unit_decay", 1.0)
    rate = {"peak": peak, "shape": shape, "warmup": 0.1, "unit_decay": decay}
    return {"name": "top", "unfreeze": unfreeze or {"fraction": 0.3}, "epochs": epochs, "learning_rate": rate, **more}


def _of_texts(peak: float = 0.0001) -> Config:
    return _later({"last": 2}, 3, peak, "linear", clip_norm=1.0)


def _of_sounds(epochs: int) -> Config:
    return _later("all", epochs, 0.001, unit_decay=0.9)


def _schedule(*phases: Config, batch_size: int = 16, patience: int | None = 4, **more: Any) -> Config:
    defaults: Config = {"batch_size": batch_size, **more}
    if patience:
        defaults["early_stopping"] = {"patience": patience}
    return {"defaults": defaults, "phases": list(phases)}


def _heads(*rows: tuple[float, int, int], base: Config, **more: Any) -> dict[str, Config]:
    """Return settings of a head alone by what they are called: rate, most epochs and patience of each."""
    return {
        f"rate {rate}, {epochs} epochs, patience {patience}": {
            **base,
            **_schedule(_head(epochs, rate), patience=patience, **more),
        }
        for rate, epochs, patience in rows
    }


_STRETCH = {"data": {"resize": "stretch"}}

_FLIP = {"preset": "light", "flip": "horizontal"}
_AUGMENTATIONS: Mapping[str, Config] = {
    "none": {},
    "light, 4 views": {"augment": {"preset": "light", "views": 4}},
    "light and flip, 4 views": {"augment": {**_FLIP, "views": 4}},
    "medium, 4 views": {"augment": {"preset": "medium", "views": 4}},
}

TABLES: Mapping[str, Table] = {
    "resize": Table(
        (*IMAGES, "images/flowers:50"),
        {
            resize: {"data": {"resize": resize}, **_schedule(_head(40, 0.003), patience=8)}
            for resize in ("crop", "stretch", "pad")
        },
    ),
    "head": Table(
        ("images/flowers", "images/mars", "images/flowers:20", "images/mars:20"),
        _heads(
            (0.001, 15, 4),
            (0.001, 40, 4),
            (0.003, 15, 4),
            (0.003, 40, 4),
            (0.003, 40, 8),
            (0.01, 15, 4),
            (0.01, 40, 8),
            base=_STRETCH,
        ),
    ),
    "head of small sets": Table(
        SMALL,
        _heads(
            (0.003, 40, 8),
            (0.003, 100, 10),
            (0.003, 100, 20),
            (0.01, 40, 8),
            (0.01, 100, 10),
            base=_STRETCH,
        ),
    ),
    "imbalance": Table(
        ("images/mars", "text/banking77:1500"),
        {
            name: _schedule(_head(40, 0.003), patience=8, **changes)
            for name, changes in {
                "loss": {},
                "weights": {"class_weights": "balanced"},
                "macro F1": {"monitor": "validation_macro_f1"},
                "weights, macro F1": {"monitor": "validation_macro_f1", "class_weights": "balanced"},
            }.items()
        },
    ),
    "two unequal classes": Table(
        ("text/sms_spam:1000",),
        {
            name: _schedule(_head(40, 0.003), patience=8, **changes)
            for name, changes in {
                "loss": {},
                "weights": {"class_weights": "balanced"},
                "weights, AUC": {"monitor": "validation_auc", "class_weights": "balanced"},
            }.items()
        },
    ),
    "embedded": Table(
        ("embedded images/blood_cells:50",),
        {
            name: {**_STRETCH, **_schedule(_head(epochs, rate), _later(unfreeze, 15, peak), patience=8)}
            for name, (epochs, rate, unfreeze, peak) in {
                "head 0.001, last 30 % at 1e-4": (15, 0.001, None, 0.0001),
                "head 0.003, last 30 % at 1e-4": (40, 0.003, None, 0.0001),
                "head 0.003, last 30 % at 1e-3": (40, 0.003, None, 0.001),
                "head 0.003, last 7 at 1e-3": (40, 0.003, {"last": 7}, 0.001),
            }.items()
        },
    ),
    "head of texts": Table(
        TEXTS,
        _heads((0.001, 3, 3), (0.001, 40, 8), (0.003, 40, 8), (0.01, 40, 8), base={}, batch_size=32),
    ),
    "augmentation": Table(
        SMALL,
        {
            name: {**_STRETCH, **_schedule(_head(40, 0.003), _later(), patience=8, **augment)}
            for name, augment in _AUGMENTATIONS.items()
        },
    ),
    "light augmentation": Table(
        ("images/mars:20", "images/blood_cells:20"),
        {
            name: {**_STRETCH, **_schedule(_head(40, 0.003), _later(), patience=8, **_AUGMENTATIONS[name])}
            for name in ("none", "light, 4 views")
        },
    ),
    "top": Table(
        ("images/flowers:50",),
        {
            name: {**_STRETCH, **_schedule(_head(40, 0.003), *later, patience=8)}
            for name, later in {
                "head alone": (),
                "last 30 % at 1e-4": (_later(),),
                "last 30 % at 3e-4": (_later(peak=0.0003),),
                "last 30 % at 1e-3": (_later(peak=0.001),),
            }.items()
        },
    ),
    "top of texts": Table(
        ("text/sst2:1000",),
        {
            name: _schedule(_head(40, 0.003), *later, patience=None, batch_size=16)
            for name, later in {
                "head alone": (),
                "last 2 at 1e-4, 3 epochs": (_of_texts(),),
                "last 2 at 3e-4, 3 epochs": (_of_texts(peak=0.0003),),
            }.items()
        },
    ),
    "sounds": Table(
        ("audio/fsdd:40",),
        {
            name: _schedule(head, *later, patience=patience)
            for name, (head, later, patience) in {
                "head 5 epochs, all 15, patience 3": (_head(5, 0.002), (_of_sounds(15),), 3),
                "head 5 epochs, all 30, patience 8": (_head(5, 0.002), (_of_sounds(30),), 8),
                "head 40 epochs alone": (_head(40, 0.003), (), 8),
                "head 40 epochs, all 15, patience 8": (_head(40, 0.003), (_of_sounds(15),), 8),
            }.items()
        },
    ),
}
