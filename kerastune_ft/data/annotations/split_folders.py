"""Folders that look like splits by their names: which they are, and the question where they could be classes too."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kerastune_ft.config.options.data import SPLITS
from kerastune_ft.data.files.find import FileKind, Walk, holds
from kerastune_ft.data.labels.spelling import normalise
from kerastune_ft.data.splits.names import SPLIT_OF_WORD, is_unlabelled_name, split_names
from kerastune_ft.errors import DataError
from kerastune_ft.wording import first_names

_SHOWN = 10
# With files and no folders in it, a folder of such a name beside class folders is a class and no split.
_ORDINARY = frozenset(("train", "training", "valid"))


@dataclass(frozen=True)
class SplitFolder:
    """A folder that is a split by its name."""

    name: str
    """Its name in the folder of the data."""
    place: str
    """The folder with its class folders below that of the data: itself, or its only sub-folder of the same name."""
    split: str
    classes: tuple[str, ...]
    """The sub-folders in it."""
    has_files: bool
    """Whether files lie directly in it."""

    @property
    def is_usual(self) -> bool:
        """Whether its name is no more than a usual word for the split, and it holds class folders alone."""
        return self.is_complete and self.name.casefold() in SPLIT_OF_WORD

    @property
    def is_complete(self) -> bool:
        """Whether it holds class folders alone."""
        return bool(self.classes) and not self.has_files


def find_split_folders(root: Path, names: Iterable[str], file_kind: FileKind) -> list[SplitFolder]:
    """Return those of the folders in `root` that are splits by their names, with what is in them."""
    found = []
    for name, split in split_names(names).items():
        place = enter_split(root, name, file_kind)
        inside = Walk(root, file_kind=file_kind).subfolders(root / place)
        found.append(SplitFolder(name, place, split, tuple(inside), holds(root / place, file_kind)))
    return found


def enter_split(root: Path, name: str, file_kind: FileKind) -> str:
    """Return where the class folders of a split are: the folder itself, or its only sub-folder if that bears its name.

    Archives are often packed so, as `seg_train/seg_train`.
    """
    walk, place = Walk(root, file_kind=file_kind), name
    while (root / place).is_dir() and not holds(root / place, file_kind):
        inside = walk.subfolders(root / place)
        if len(inside) != 1 or not _have_one_name(place.rsplit("/", 1)[-1], inside[0]):
            break
        place = f"{place}/{inside[0]}"
    return place


def _have_one_name(name: str, inner: str) -> bool:
    split = split_names([name])
    return name.casefold() == inner.casefold() or (bool(split) and split.get(name) == split_names([inner]).get(inner))


def likely_splits(folders: Iterable[SplitFolder]) -> dict[str, str]:
    """Return, by split, the place of the folder that it is: of several the one that is called as here."""
    chosen: dict[str, SplitFolder] = {}
    for folder in folders:
        if folder.split not in chosen or folder.name == folder.split:
            chosen[folder.split] = folder
    return {split: chosen[split].place for split in SPLITS if split in chosen}


def are_listed(
    root: Path, found: Sequence[SplitFolder], top: Sequence[str], listed: Collection[str], file_kind: FileKind
) -> bool:
    """Return whether folders that look like splits are classes, since task.classes lists them with others.

    Those without a file need not be listed.
    """
    known = set(map(normalise, listed))
    alike = [*(folder.name for folder in found), *filter(is_unlabelled_name, top)]
    unlisted = [name for name in alike if normalise(name) not in known]
    if len(unlisted) == len(alike) or len(known & set(map(normalise, top))) < 2:
        return False
    return not any(Walk(root, is_tolerant=True, file_kind=file_kind).files(root / name) for name in unlisted)


@dataclass(frozen=True)
class Question:
    """Folders that may be splits or classes, which only the user can tell."""

    root: Path
    seen: str
    """The folders, and why they could be either."""
    splits: dict[str, str]
    """The option data.splits where they are splits; empty where it cannot say so."""
    remedy: str
    """What to do where they are splits and no option says so."""
    classes: tuple[str, ...]
    """The option task.classes where they are classes."""
    others: tuple[str, ...]
    """The folders beside them that are classes beyond doubt."""
    is_one: bool = False
    """Whether it is about one folder."""

    def to_error(self, *, has_classes: bool, is_other_data: bool) -> DataError:
        """Return the error that asks; `has_classes` says whether the task has the option task.classes."""
        lines = [f"data.path: {self.root} has {self.seen}."]
        if is_other_data:
            lines.append("Give the folder that holds the class folders, and them alone.")
        elif self.splits:
            line = json.dumps(self.splits, ensure_ascii=False)
            lines.append(f'If {_they_are(self.is_one, "split")}, write in data:  "splits": {line}')
        if self.remedy:
            lines.append(self.remedy)
        if has_classes and len(self.classes) > 1 and not is_other_data:
            line = json.dumps(list(self.classes), ensure_ascii=False)
            lines.append(f'If {_they_are(self.is_one, "class")}, write in task:  "classes": {line}')
        return DataError("\n".join(lines))


def _they_are(is_one: bool, noun: str) -> str:
    return f"it is a {noun}" if is_one else f"they are {noun}{'e' * noun.endswith('s')}s"


def find_question(root: Path, top: Sequence[str], found: Sequence[SplitFolder], file_kind: FileKind) -> Question | None:
    """Return what must be asked of the folders `top` in `root`; None where they are classes beyond doubt.

    `found` are those that look like splits.
    """
    alike = {folder.name for folder in found}
    if not alike and not any(map(is_unlabelled_name, top)):
        return None
    full = [name for name in top if Walk(root, is_tolerant=True, file_kind=file_kind).files(root / name)]
    sorted_into = [folder for folder in found if folder.classes and folder.name in full]
    flat = [folder for folder in found if not folder.classes and folder.has_files]
    unlabelled = [name for name in full if is_unlabelled_name(name)]
    others = [name for name in full if name not in alike and name not in unlabelled]
    if sorted_into:
        return _ask_about_folders(root, sorted_into, others, full, unlabelled)
    doubtful = [folder.name for folder in flat if folder.name.casefold() not in _ORDINARY] + unlabelled
    if len({folder.split for folder in flat}) > 1 or (doubtful and others) or (flat and unlabelled):
        names = [*(folder.name for folder in flat), *unlabelled]
        return _ask_about_files(root, names if len(names) > 1 else doubtful, others, full, file_kind)
    return None


def _ask_about_folders(
    root: Path, found: Sequence[SplitFolder], others: Sequence[str], full: Sequence[str], unlabelled: Sequence[str]
) -> Question | None:
    """Ask about folders that hold folders."""
    if len(full) == 1 and found[0].is_complete:
        # There is nothing else, so it is no class, and no split either.
        return None
    splits = likely_splits(found)
    names, is_one = first_names([folder.place for folder in found], _SHOWN), len(found) == 1
    looks = "folder {}, which looks like a split" if is_one else "folders {}, which look like splits"
    seen = f"the {looks.format(names)}"
    seen += f", beside {first_names(others, _SHOWN)}" if others else " and not like classes"
    remedies = []
    if "train" not in splits:
        splits = {}
        remedies.append(
            f"If {_they_are(is_one, 'split')}, give the others a folder train, as train/{next(iter(others), 'cat')}, "
            "or name the folder of one split alone in path."
        )
    if unlabelled:
        has = "has no class folders and is" if len(unlabelled) == 1 else "have no class folders and are"
        remedies.append(f"{first_names(unlabelled, _SHOWN)} {has} for predict.")
    return Question(root, seen, splits, "\n".join(remedies), tuple(full), tuple(others), is_one)


def _ask_about_files(
    root: Path, names: Sequence[str], others: Sequence[str], full: Sequence[str], file_kind: FileKind
) -> Question:
    """Ask about folders that hold files and no folders."""
    is_one, noun = len(names) == 1, file_kind.noun
    looks = "folder {}, which looks like a split and holds" if is_one else "folders {}, which look like splits and hold"
    seen = f"the {looks.format(first_names(names, _SHOWN))} {noun}s without class folders"
    seen += f", beside {first_names(others, _SHOWN)}" if others else ""
    remedy = (
        f"If {_they_are(is_one, 'split')}, sort the {noun}s into one folder per class, as "
        f"{names[0]}/cat/1{file_kind.example}, or list the files with their labels in a table; files without labels "
        "are for predict: move them away."
    )
    return Question(root, seen, {}, remedy, tuple(full), tuple(others), is_one)
