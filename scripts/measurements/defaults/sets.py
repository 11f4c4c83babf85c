"""The sets that defaults are measured on: subsets with a drawn validation split, and the backbone of each."""

from __future__ import annotations

import csv
import os
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_VALIDATION = 0.15
_MOST_TESTED = 600
_EMBEDDED = "embedded "

Config = dict[str, Any]


def prepare(name: str, seed: int, data: Path, weights: Path, folder: Path) -> Config:
    """Return task, data and backbone for a set, `FOLDER` or `FOLDER:N`; N is examples of a class, of texts in all.

    After the word `embedded` the backbone is that of the package.
    The training examples, and which of them validate, are drawn by the seed; they are links or tables below `folder`.
    """
    plain = name.removeprefix(_EMBEDDED)
    place, _, size = plain.partition(":")
    kind = place.partition("/")[0]
    target = folder / f"{plain.replace('/', '-').replace(':', '-')}-{seed}"
    config = _KINDS[kind](data / place, target, int(size) if size else None, seed, weights)
    if plain != name:
        config["backbone"] = {"kind": "applications", "name": "MobileNetV2", "weights": "embedded"}
    return config


def _prepare_images(data: Path, target: Path, size: int | None, seed: int, weights: Path) -> Config:
    return {
        "task": {"kind": "image_classification"},
        "data": {"kind": "folder", "path": str(_link(data, target, size, seed))},
        "backbone": {
            "kind": "applications",
            "name": "MobileNet",
            "weights": str(weights / "vision/mobilenet_2_5_224_tf_no_top.h5"),
            "image_size": 224,
            "options": {"alpha": 0.25},
        },
    }


def _prepare_sounds(data: Path, target: Path, size: int | None, seed: int, weights: Path) -> Config:
    return {
        "task": {"kind": "audio_classification"},
        "data": {"kind": "folder", "path": str(_link(data, target, size, seed))},
        "backbone": {"kind": "saved", "path": str(weights / "audio/yamnet_256.keras"), "input": "yamnet"},
    }


def _prepare_texts(data: Path, target: Path, size: int | None, seed: int, weights: Path) -> Config:
    chosen = _draw(_read_rows(data / "train.csv"), size)
    random.Random(seed).shuffle(chosen)
    count = round(_VALIDATION * len(chosen))
    most = _MOST_TESTED if size is None else min(_MOST_TESTED, size * 3 // 2)
    tested = _draw(_read_rows(data / "test.csv"), most)
    parts = {"train": chosen[count:], "validation": chosen[:count], "test": tested}
    target.mkdir(parents=True, exist_ok=True)
    for split, part in parts.items():
        with (target / f"{split}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("text", "label"), *part])
    splits = {split: f"{split}.csv" for split in ("validation", "test")}
    return {
        "task": {"kind": "text_classification"},
        "data": {
            "kind": "table",
            "path": str(target / "train.csv"),
            "input": "text",
            "label": "label",
            "splits": splits,
        },
        "backbone": {"kind": "keras_hub", "preset": str(weights / "text/minilm_l6_v2_bert")},
        "head": {"pooling": "mean"},
    }


_KINDS: Mapping[str, Any] = {"images": _prepare_images, "audio": _prepare_sounds, "text": _prepare_texts}


def _read_rows(path: Path) -> list[tuple[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return [(row["text"], row["label"]) for row in csv.DictReader(file)]


def _draw(rows: list[tuple[str, str]], size: int | None) -> list[tuple[str, str]]:
    """Return `size` rows, the same for every seed: the features of texts take long to compute."""
    return random.Random(0).sample(rows, min(len(rows), size or len(rows)))


def _link(data: Path, target: Path, size: int | None, seed: int) -> Path:
    """Make a folder of links to `size` files of every class, validation drawn of them, and to all that test."""
    if target.exists():
        return target
    for label in sorted(path.name for path in (data / "train").iterdir() if path.is_dir()):
        paths = sorted((data / "train" / label).iterdir())
        random.Random(f"{seed} {label}").shuffle(paths)
        chosen = paths[:size]
        count = max(1, round(_VALIDATION * len(chosen)))
        tested = sorted((data / "test" / label).iterdir())
        for split, part in {"train": chosen[count:], "validation": chosen[:count], "test": tested}.items():
            _link_all(part, target / split / label)
    return target


def _link_all(paths: Sequence[Path], folder: Path) -> None:
    folder.mkdir(parents=True)
    for path in paths:
        os.symlink(path, folder / path.name)
