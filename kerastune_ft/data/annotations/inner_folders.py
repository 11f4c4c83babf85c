"""Folders inside the class folders: those that are splits, and those that are the classes while the others are not."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from kerastune_ft.config.options.data import SHARES, SPLITS
from kerastune_ft.data.annotations.split_folders import Question
from kerastune_ft.data.splits.names import split_names
from kerastune_ft.errors import DataError
from kerastune_ft.wording import first_names

_SHOWN = 5
_PARTS = frozenset(
    ("fold", "folds", "batch", "part", "split", "chunk", "shard", "domain", "round", "source", "target", "query",
     "gallery", "probe", "support")
)  # fmt: skip
_LETTERS = re.compile(r"[^\W\d_]+")
_NUMBERED = re.compile(r"(.*?)[\W_]*\d+")


def find_inner_splits(inside: Mapping[str, Collection[str]]) -> dict[str, str]:
    """Return the split that each folder inside most of the classes is; empty where they are no splits.

    `inside` holds by class the sub-folders that its files are in, an empty name for files directly in the class.
    """
    divided = [found for names in inside.values() if len(set((found := split_names(sorted(names))).values())) > 1]
    divided = [found for found in divided if "train" in found.values()]
    if len(divided) * 2 <= len(inside):
        return {}
    return {name: split for found in divided for name, split in found.items()}


def explain_inner_splits(root: Path, inside: Mapping[str, Collection[str]], splits: Mapping[str, str]) -> DataError:
    """Return the error for splits inside the classes, which no option can name."""
    one = max(inside, key=lambda label: len(splits.keys() & set(inside[label])))
    ordered = sorted(splits.keys() & set(inside[one]), key=lambda name: (SPLITS.index(splits[name]), name))
    above = " and ".join(f"{splits[name]}/{one}" for name in ordered)
    below = " and ".join(f"{one}/{name}" for name in ordered)
    return DataError(
        f"data.path: {root} has class folders with folders in them that look like splits: {below}.\n"
        f"If they are splits, put them above the class folders: move {below} to {above}, and so for every class.\n"
        f'To pool them and divide all files anew, write in data:  "splits": {SHARES}'
    )


def find_inner_classes(root: Path, inside: Mapping[str, Collection[str]]) -> Question | None:
    """Return the question which folders are the classes, where all top folders hold folders of the same names.

    Of top folders that are called as folds are, two shared ones are enough. Under others all must be the same, and more
    than numbers, as patients and years are. `inside` is as of `find_inner_splits`, by top folder.
    """
    top = sorted(inside)
    if len(top) < 2:
        return None
    have_part_names = are_parts(top)
    shared = frozenset.intersection(*map(frozenset, inside.values()))
    inner, differ = sorted(shared), any(set(names) != shared for names in inside.values())
    if len(inner) < 2 or "" in shared or ((differ or are_numbered(inner)) and not have_part_names):
        return None
    seen = (
        f"the folders {first_names(top, _SHOWN)}, which all hold folders of the same names, "
        f"{first_names(inner, _SHOWN)}; either could be the classes"
    )
    wanted = SPLITS if len(top) > 2 else ("train", "test")
    splits = dict(zip(wanted, top, strict=False))
    remedy = (
        f"Name the folder of each split as you mean it{', others are left out' if len(top) > 3 else ''}; "
        f'"splits": {json.dumps({"train": top[0]}, ensure_ascii=False)} reads one alone. To divide all anew, move the '
        f"files together into one folder per class, as {inner[0]} and {inner[1]}."
    )
    return Question(root, seen, splits, remedy, tuple(top), ())


def are_parts(names: Sequence[str]) -> bool:
    """Return whether folders are called as parts of data, not as classes: fold1, batch_2, query, gallery."""
    return all(_PARTS & {word.casefold() for word in _LETTERS.findall(name)} for name in names)


def are_numbered(names: Sequence[str]) -> bool:
    """Return whether names differ in a number alone, as p1 and p2, or 2019 and 2020."""
    found = [_NUMBERED.fullmatch(name) for name in names]
    return all(found) and len({match[1] for match in found if match}) == 1


def note_merged(inside: Mapping[str, Collection[str]]) -> list[str]:
    """Return a sentence for each set of sub-folders that hold all files of several classes."""
    classes: dict[tuple[str, ...], list[str]] = {}
    for label, names in inside.items():
        if len(names) > 1 and "" not in names:
            classes.setdefault(tuple(sorted(names)), []).append(label)
    return [_describe_merging(names, labels) for names, labels in classes.items() if len(labels) > 1]


def _describe_merging(names: Sequence[str], labels: Sequence[str]) -> str:
    said = f"the folders {first_names(names, _SHOWN)} inside the classes {first_names(labels, _SHOWN)} were merged"
    if not split_names(names):
        return said
    return f"{said}; if they are splits, put them above the class folders, as {names[0]}/{labels[0]}"
