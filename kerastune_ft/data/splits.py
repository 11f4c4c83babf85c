"""Which examples train, which validate and which test.

An example's place depends on the split seed, its class's name and its own key: not on the run's seed, the order of the
classes or the order of the files. Splits are disjoint, sorted, and cover all examples.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from kerastune_ft.config.data import Fractions, Named, Splits
from kerastune_ft.data.source import SPLITS, DataSource, counted
from kerastune_ft.errors import ConfigError, DataError

DEFAULT_FRACTIONS = {"train": 0.7, "validation": 0.15, "test": 0.15}
VALIDATION_SHARE = 0.15


def dividable(requested: Splits | None, kind: str) -> Fractions | Named | None:
    """Return the request where it is fractions or names, which every kind of source knows; else raise ConfigError."""
    if requested is None or isinstance(requested, Fractions | Named):
        return requested
    raise ConfigError(
        f"data.splits: {requested.to_json()} does not go with data.kind {kind}.\n"
        'Give fractions, as {"train": 0.7, "validation": 0.15, "test": 0.15}, or names of splits that the data has.'
    )


def choose_splits(
    requested: Fractions | Named | None,
    natural: Mapping[str, np.ndarray],
    labels: np.ndarray,
    keys: Sequence[str],
    classes: Sequence[str],
) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Return the splits that data.splits asks for, and the sentences the user should read about them.

    `natural` holds the splits the data itself has, already by our names: those that `Named` names, or those found under
    exactly train, validation and test. Without a request they are used where there is more than train.
    """
    if isinstance(requested, Fractions):
        fractions = {split: getattr(requested, split) for split in SPLITS if split != "test" or requested.test}
        splits = fraction_splits(labels, keys, classes, fractions, stratify=requested.stratify, seed=requested.seed)
        notes: list[str] = []
    elif requested is not None or len(natural) > 1:
        splits, notes = _completed(natural, labels, keys, classes)
    else:
        splits = fraction_splits(labels, keys, classes, DEFAULT_FRACTIONS)
        notes = ["splits: the data has none of its own, so it is divided into 70 % train, 15 % validation, 15 % test"]
    if "test" not in splits:
        notes.append("splits: there is no test split, so no test metrics")
    check_splits(splits, labels, classes)
    ordered = {split: splits[split] for split in SPLITS if split in splits}
    return ordered, (*absent_notes(ordered, labels, classes), *notes)


def absent_notes(splits: Mapping[str, np.ndarray], labels: np.ndarray, classes: Sequence[str]) -> tuple[str, ...]:
    """Return a sentence for each split but train that lacks classes."""
    return tuple(
        f"splits: the {split} split has no example of {_listed(absent)}, so its AUC is undefined"
        for split, indices in splits.items()
        if split != "train" and (absent := _absent(indices, labels, classes))
    )


def _completed(
    natural: Mapping[str, np.ndarray], labels: np.ndarray, keys: Sequence[str], classes: Sequence[str]
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Return natural splits as they are, or with the missing validation split taken from train."""
    if "validation" in natural:
        return {split: np.sort(indices).astype(np.int64) for split, indices in natural.items()}, []
    _check_trained(natural, labels, classes)
    return with_validation(natural, labels, keys, classes), [
        "splits: the data has no validation split, so 15 % of train (of every class) is used as validation"
    ]


def fraction_splits(
    labels: np.ndarray,
    keys: Sequence[str],
    classes: Sequence[str],
    fractions: Mapping[str, float],
    *,
    stratify: bool = True,
    seed: int = 0,
) -> dict[str, np.ndarray]:
    """Divide all examples by fractions that sum to 1; with `stratify` every class is divided alike."""
    if stratify:
        whole = json.dumps({**fractions, "stratify": False} | ({"seed": seed} if seed else {}))
        remedy = f'write  "splits": {whole}  in data'
        _check_divisible(_counts(labels, classes), list(fractions), remedy)
    return _divide(np.arange(len(labels)), labels, keys, classes, fractions, stratify, seed)


def with_validation(
    splits: Mapping[str, np.ndarray], labels: np.ndarray, keys: Sequence[str], classes: Sequence[str]
) -> dict[str, np.ndarray]:
    """Return `splits` with a stratified 15 % of train taken as validation."""
    shares = {"train": 1 - VALIDATION_SHARE, "validation": VALIDATION_SHARE}
    others = {split: np.sort(indices).astype(np.int64) for split, indices in splits.items() if split != "train"}
    trained = np.asarray(splits["train"])
    _check_divisible(_counts(labels[trained], classes), list(shares), "give the data a validation split of its own")
    return others | _divide(trained, labels, keys, classes, shares, True, 0)


def check_splits(splits: Mapping[str, np.ndarray], labels: np.ndarray, classes: Sequence[str]) -> None:
    """Raise DataError where a split is empty or a class cannot be learnt because train has none of it."""
    sizes = {split: len(indices) for split, indices in splits.items()}
    empty = [split for split, size in sizes.items() if not size]
    if empty:
        listed = ", ".join(f"{split} {size}" for split, size in sizes.items())
        raise DataError(
            f"data.splits: the {' and the '.join(empty)} split would have no example ({listed}).\n"
            "Every split needs examples: give more data or other fractions."
        )
    _check_trained(splits, labels, classes)


def _check_trained(splits: Mapping[str, np.ndarray], labels: np.ndarray, classes: Sequence[str]) -> None:
    absent = _absent(splits["train"], labels, classes)
    if absent:
        others = {split: _counts(labels[indices], classes) for split, indices in splits.items() if split != "train"}
        lines = []
        for name in absent:
            held = " and ".join(
                f"{counted(found[name], 'image')} in {split}" for split, found in others.items() if found[name]
            )
            lines.append(f"class {name} has {held} and none in train" if held else f"class {name} has no image")
        raise DataError(
            f"data.splits: {_listed(lines)}, so {'it' if len(absent) == 1 else 'they'} cannot be learnt.\n"
            "Add examples to train, or leave the class out of the data and of task.classes."
        )


def _absent(indices: np.ndarray, labels: np.ndarray, classes: Sequence[str]) -> list[str]:
    return [name for name, count in _counts(labels[indices], classes).items() if not count]


def _counts(labels: np.ndarray, classes: Sequence[str]) -> dict[str, int]:
    return dict(zip(classes, np.bincount(labels, minlength=len(classes)).tolist(), strict=True))


def splits_table(source: DataSource) -> list[tuple[str, str, str]]:
    """Return (key, class, split) of every example, by split and in order: the rows of splits.csv."""
    classes = source.info.classes
    return [
        (source.keys[index], classes[source.labels[index]], split)
        for split in SPLITS
        for index in source.splits.get(split, ())
    ]


def _divide(
    indices: np.ndarray,
    labels: np.ndarray,
    keys: Sequence[str],
    classes: Sequence[str],
    fractions: Mapping[str, float],
    stratify: bool,
    seed: int,
) -> dict[str, np.ndarray]:
    names = list(fractions)
    shares = np.array([fractions[name] for name in names], np.float64)
    members = {name: indices[labels[indices] == number] for number, name in enumerate(classes)}
    if not stratify:
        members = {"": indices}
    parts: dict[str, list[np.ndarray]] = {name: [] for name in names}
    owed = np.zeros(len(names))
    for group in sorted(members):
        ordered = _shuffled(members[group], keys, group, seed)
        counts = _apportion(len(ordered), shares, owed)
        owed += len(ordered) * shares - counts
        for name, part in zip(names, np.split(ordered, np.cumsum(counts)[:-1]), strict=True):
            parts[name].append(part)
    return {name: np.sort(np.concatenate(found)).astype(np.int64) for name, found in parts.items()}


def _shuffled(indices: np.ndarray, keys: Sequence[str], group: str, seed: int) -> np.ndarray:
    """Return the indices in an order that only the seed, the group's name and their keys decide."""

    def rank(index: int) -> tuple[bytes, str]:
        key = keys[index]
        return hashlib.sha256(f"{seed}\0{group}\0{key}".encode(errors="surrogateescape")).digest(), key

    return np.array(sorted(indices.tolist(), key=rank), np.int64)


def _apportion(count: int, shares: np.ndarray, owed: np.ndarray) -> np.ndarray:
    """Divide `count` by largest remainder, paying back what earlier groups `owed`; nobody goes empty if it can be."""
    wanted = np.maximum(count * shares + owed, 0)
    wanted *= count / max(wanted.sum(), 1e-12)
    # Rounding first, so that 0.15 * 20 is 3 and not a little less.
    parts = np.floor(np.round(wanted, 9)).astype(np.int64)
    for split in np.argsort(-np.round(wanted - parts, 9), kind="stable")[: count - parts.sum()]:
        parts[split] += 1
    for split in np.flatnonzero((parts == 0) & (shares > 0)):
        richest = int(np.argmax(parts))
        if parts[richest] > 1:
            parts[richest] -= 1
            parts[split] += 1
    return parts


def _check_divisible(counts: Mapping[str, int], names: Sequence[str], remedy: str) -> None:
    few = {name: count for name, count in counts.items() if count < len(names)}
    if few:
        listed = _listed(f"{name} ({count})" for name, count in few.items())
        raise DataError(
            f"data.splits: too few examples to divide into {', '.join(names)}: {listed}.\n"
            f"Each class needs at least {len(names)}: add examples, drop the class, or {remedy}."
        )


def _listed(names: Iterable[str], limit: int = 20) -> str:
    shown = list(names)
    more = f" and {len(shown) - limit} more" if len(shown) > limit else ""
    return ", ".join(shown[:limit]) + more
