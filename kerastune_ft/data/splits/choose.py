"""Choosing the examples that train, validate and test. Splits are disjoint and sorted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from kerastune_ft.config.options.data import SPLITS, Column, File, Folds, Fractions, Splits
from kerastune_ft.data.labels.spelling import find_meant, quote
from kerastune_ft.data.splits.examples import SplitExamples
from kerastune_ft.data.splits.given import column_splits, file_splits
from kerastune_ft.data.splits.notes import division_notes, group_notes, groups_by_split
from kerastune_ft.data.splits.stratify import check_divisible, check_groups_divisible, divide
from kerastune_ft.errors import DataError
from kerastune_ft.wording import counted, first_names

DEFAULT_FRACTIONS = {"train": 0.7, "validation": 0.15, "test": 0.15}
VALIDATION_SHARE = 0.15
_UNLEARNT = ("it cannot be learnt", "they cannot be learnt")


@dataclass(frozen=True)
class ChosenSplits:
    """The splits of a source, and what there is to say about them."""

    splits: dict[str, np.ndarray]
    """Disjoint indices, int64 and sorted, in the order train, validation, test."""
    notes: tuple[str, ...]
    """Sentences the user should read."""
    groups: dict[str, int]
    """Groups by split; empty where examples are not grouped."""
    excluded: dict[str, int] = field(default_factory=dict)
    """Examples by split that were taken out of it again; empty where none were."""


def choose_splits(requested: Splits | None, natural: Mapping[str, np.ndarray], examples: SplitExamples) -> ChosenSplits:
    """Return the splits that data.splits asks for, or raise DataError where they cannot be.

    `natural` holds the splits the data itself has, already by our names: those that `Named` names, or those found under
    exactly train, validation and test. Without a request they are used where there is more than train.
    """
    examples.check_groups()
    if isinstance(requested, Fractions):
        fractions = {split: getattr(requested, split) for split in SPLITS if split != "test" or requested.test}
        splits = fraction_splits(examples, fractions, stratify=requested.stratify, seed=requested.seed)
        notes = division_notes(splits, examples, of_classes=requested.stratify)
    elif isinstance(requested, Folds):
        splits = fold_splits(examples, requested)
        notes = [
            f"splits: of the folds 0 to {requested.folds - 1}, fold {requested.fold} validates and the others train",
            *division_notes(splits, examples, of_classes=requested.stratify, into=_fold_parts(requested)),
        ]
    elif isinstance(requested, Column):
        splits, said = column_splits(requested, examples)
        splits, notes = _complete(splits, examples, f'the column "{requested.column}"')
        notes = said + notes
    elif isinstance(requested, File):
        splits, said = file_splits(requested, examples)
        splits, notes = _complete(splits, examples, f"the file {requested.file}")
        notes = said + notes
    elif requested is not None or len(natural) > 1:
        splits, notes = _complete(natural, examples, "the data")
    else:
        splits = fraction_splits(examples, DEFAULT_FRACTIONS)
        notes = ["splits: the data has none of its own, so it is divided into 70 % train, 15 % validation, 15 % test"]
        notes += division_notes(splits, examples)
    if "test" not in splits:
        notes.append("splits: there is no test split, so no test metrics")
    divided = _in_order(splits)
    # After the division, so that leaving one out moves no other.
    ordered = {split: np.setdiff1d(indices, examples.excluded) for split, indices in divided.items()}
    check_splits(ordered, examples)
    return ChosenSplits(
        ordered,
        (*notes_on_absent_classes(ordered, examples), *group_notes(ordered, examples), *notes),
        groups_by_split(ordered, examples),
        {split: len(divided[split]) - len(ordered[split]) for split in ordered} if len(examples.excluded) else {},
    )


def all_as_test(examples: SplitExamples) -> ChosenSplits:
    """Return all examples as the test split: other data, which a finished run is evaluated on."""
    splits = {"test": np.arange(len(examples.keys), dtype=np.int64)}
    return ChosenSplits(splits, notes_on_absent_classes(splits, examples), {})


def notes_on_absent_classes(splits: Mapping[str, np.ndarray], examples: SplitExamples) -> tuple[str, ...]:
    """Return a sentence for each split but train that lacks classes."""
    found = {split: _find_absent(indices, examples) for split, indices in splits.items() if examples.are_classes}
    return tuple(
        f"splits: the {split} split has no example of {first_names(absent)}, so "
        + (_UNLEARNT[len(absent) > 1] if split == "train" else examples.without_class)
        for split, absent in found.items()
        if absent and (split != "train" or not examples.requires_training)
    )


def fraction_splits(
    examples: SplitExamples, fractions: Mapping[str, float], *, stratify: bool = True, seed: int = 0
) -> dict[str, np.ndarray]:
    """Divide all examples by fractions that sum to 1; with `stratify` every class is divided alike."""
    every = np.arange(len(examples.keys))
    if examples.groups is not None:
        check_groups_divisible(examples, every, ", ".join(fractions), len(fractions))
    elif stratify and not examples.have_several:
        whole = json.dumps({**fractions, "stratify": False} | ({"seed": seed} if seed else {}))
        remedy = f'write  "splits": {whole}  in data'
        check_divisible(examples, every, ", ".join(fractions), len(fractions), remedy)
    return divide(examples, every, fractions, stratify=stratify, seed=seed)


def fold_splits(examples: SplitExamples, requested: Folds) -> dict[str, np.ndarray]:
    """Draw the test split, which is the same for every fold, divide the rest into folds, and let one validate."""
    every = np.arange(len(examples.keys))
    into = f"{requested.folds} folds" + (" and test" if requested.test else "")
    stratify = requested.stratify
    if examples.groups is not None:
        check_groups_divisible(examples, every, into, _fold_parts(requested))
    elif stratify and not examples.have_several:
        remedy = 'write fewer folds, or "stratify": false beside them'
        check_divisible(examples, every, into, _fold_parts(requested), remedy)
    splits = {"train": every}
    if requested.test:
        shares = {"train": 1 - requested.test, "test": requested.test}
        splits = divide(examples, every, shares, stratify=stratify)
    rest = splits["train"]
    shares = {str(fold): 1 / requested.folds for fold in range(requested.folds)}
    folds = divide(examples, rest, shares, stratify=stratify)
    validation = folds[str(requested.fold)]
    return _in_order(splits | {"train": np.setdiff1d(rest, validation), "validation": validation})


def _fold_parts(requested: Folds) -> int:
    return requested.folds + bool(requested.test)


def _complete(
    natural: Mapping[str, np.ndarray], examples: SplitExamples, origin: str
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Return splits that are given as they are, or with the missing validation split taken from train."""
    given = {split: np.sort(indices).astype(np.int64) for split, indices in natural.items()}
    if "validation" in given:
        return given, []
    _check_trained(given, examples)
    splits = with_validation(given, examples)
    classes = " (of every class)" if examples.are_classes else ""
    return splits, [
        f"splits: {origin} has no validation split, so 15 % of train{classes} is used as validation",
        *division_notes(splits, examples),
    ]


def with_validation(splits: Mapping[str, np.ndarray], examples: SplitExamples) -> dict[str, np.ndarray]:
    """Return `splits` with a stratified 15 % of train taken as validation."""
    shares = {"train": 1 - VALIDATION_SHARE, "validation": VALIDATION_SHARE}
    trained = splits["train"]
    if examples.groups is None and not examples.have_several:
        remedy = "give the data a validation split of its own"
        check_divisible(examples, trained, ", ".join(shares), len(shares), remedy)
    elif examples.groups is not None:
        check_groups_divisible(examples, trained, ", ".join(shares), len(shares))
    return _in_order({**splits, **divide(examples, trained, shares)})


def _in_order(splits: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {split: splits[split] for split in SPLITS if split in splits}


def check_splits(splits: Mapping[str, np.ndarray], examples: SplitExamples) -> None:
    """Raise DataError where a split is empty or a class cannot be learnt because train has none of it."""
    sizes = {split: len(indices) for split, indices in splits.items()}
    empty = [split for split, size in sizes.items() if not size]
    if empty:
        found = ", ".join(f"{split} {size}" for split, size in sizes.items())
        raise DataError(
            f"data.splits: the {' and the '.join(empty)} split would have no example ({found}).\n"
            "Every split needs examples: give more data or other fractions."
        )
    _check_trained(splits, examples)


def _check_trained(splits: Mapping[str, np.ndarray], examples: SplitExamples) -> None:
    is_asked = examples.are_classes and examples.requires_training
    absent = _find_absent(splits["train"], examples) if is_asked else []
    if absent:
        trained = [name for name, count in examples.counts(splits["train"]).items() if count]
        others = {split: examples.counts(indices) for split, indices in splits.items() if split != "train"}
        lines = []
        for name in absent:
            held = " and ".join(
                f"{counted(found[name], examples.noun)} in {split}" for split, found in others.items() if found[name]
            )
            meant = find_meant(name, trained)
            hint = f" (train has {quote(meant)}; is it that, written otherwise?)" if meant else ""
            shown = quote(name) if hint else name
            lines.append(
                f"class {shown} has {held} and none in train{hint}" if held else f"class {name} has no {examples.noun}"
            )
        is_one, remedy = len(absent) == 1, "Add examples to train, or leave the class out of the data and task.classes."
        if any(find_meant(name, trained) for name in absent):
            remedy = f"Write {'it' if is_one else 'them'} alike in all splits, or map one to the other in task.classes."
        raise DataError(
            f"data.splits: {first_names(lines)}, so {'it' if is_one else 'they'} cannot be learnt.\n{remedy}"
        )


def _find_absent(indices: np.ndarray, examples: SplitExamples) -> list[str]:
    return [name for name, count in examples.counts(indices).items() if not count]
