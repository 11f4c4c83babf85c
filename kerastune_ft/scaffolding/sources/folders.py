"""Looking at a folder of images, sounds or texts, or at an archive of one."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from kerastune_ft.config.options.data import SPLITS, Named
from kerastune_ft.data.annotations.class_folders import ClassFile, find_class_files, likely_splits
from kerastune_ft.data.files.find import SOUNDS, TEXTS, FileKind, Walk, holds
from kerastune_ft.errors import DataError
from kerastune_ft.scaffolding.findings import DataFindings, add_with_reason, classification, divide
from kerastune_ft.scaffolding.samples.sound_files import note_sounds
from kerastune_ft.scaffolding.samples.text_files import note_texts
from kerastune_ft.scaffolding.sources.file_kinds import MODALITIES
from kerastune_ft.wording import counted

_TRAIN_SHARE = 0.7
_SUBJECT = re.compile(
    r"(?:^|[/_-])((?:patient|subject|participant|person|speaker|case|pat|sub)[_-]?\d+)", re.IGNORECASE
)
_SUBJECT_PATTERN = "(?i)(?:^|[/_-])((?:patient|subject|participant|person|speaker|case|pat|sub)[_-]?[0-9]+)"
_UNSORTED = re.compile(r"(unsup(ervised)?|un-?label+ed|unsorted|unassigned)", re.IGNORECASE)
_NO_CLASS = re.compile(
    r"(images?|imgs?|pictures|photos|sounds?|audios?|wavs?|texts?|data|masks?|annotations?|labels?)", re.IGNORECASE
)


def look_at_folder(root: Path, written: str, sought: FileKind, is_archive: bool = False) -> DataFindings:
    """Return what a folder of class folders holds; `written` is the path as the configuration will have it."""
    below, written = _class_root(root, written, sought, is_archive)
    walk = Walk(below, sought=sought)
    splits = _unusual_splits(walk)
    # Folders count as entered once, so each look takes a walk of its own.
    walk = Walk(below, sought=sought)
    files, notes = find_class_files(walk, Named(**splits) if splits else None)
    counts = dict(sorted(Counter(file.label for file in files).items()))
    if len(counts) < 2:
        raise DataError(
            f"{below} has {sought.noun}s of one class only, {next(iter(counts))}; a classifier needs two or more.\n"
            "Give the folder that holds one sub-folder per class."
        )
    data: dict = {"kind": "folder", "path": written}
    group = _group(files)
    if group:
        add_with_reason(data, "group", {"pattern": _SUBJECT_PATTERN}, group)
    by_split = Counter(file.split for file in files)
    if splits:
        add_with_reason(data, "splits", splits, "these folders are there; a missing validation split is 15 % of train")
    elif None in by_split:
        divide(data, counts, "patient" if group else None)
    train = by_split.get("train", 0) or int(len(files) * _TRAIN_SHARE)
    task = classification(counts, MODALITIES[sought.noun])
    sight = DataFindings(task, data, len(files), train, counts, [file.path for file in files])
    if sought is TEXTS:
        note_texts(sight)
    elif sought is SOUNDS:
        note_sounds(sight)
    if None not in by_split:
        divided = ", ".join(f"{split} {by_split[split]:,}" for split in SPLITS if by_split.get(split))
        sight.seen.append(f"split folders: {divided}")
    sight.seen += [*walk.ignored.notes(), *notes]
    sight.asks += [
        f'is "{name}" a class? If its {sought.noun}s were never sorted, move the folder away'
        for name in filter(_UNSORTED.fullmatch, counts)
    ]
    return sight


def class_folders(root: Path) -> list[str]:
    """Return the sub-folders whose names could be those of classes, not of splits or of places for images."""
    names = Walk(root).subfolders(root)
    return [name for name in names if not _NO_CLASS.fullmatch(name) and not re.match(_SPLIT_NAME, name.casefold())]


_SPLIT_NAME = r"(train|training|test|testing|val|valid|validation|dev|eval)([_ -].*)?$"


def has_split_folders(root: Path) -> bool:
    """Tell whether folders named as splits hold class folders."""
    walk = Walk(root)
    names = [name for name in walk.subfolders(root) if Walk(root).subfolders(root / name)]
    return "train" in likely_splits(name for name in names if len(class_folders(root / name)) > 1)


def _class_root(root: Path, written: str, sought: FileKind, is_archive: bool) -> tuple[Path, str]:
    """Return the folder that holds the class folders: the only one in a folder is not a class, but the way to them."""
    below = root
    while not holds(below, sought):
        inside = Walk(below).subfolders(below)
        if len(inside) != 1 or holds(below / inside[0], sought):
            break
        if len(Walk(below / inside[0]).subfolders(below / inside[0])) == 0 or likely_splits(inside):
            break
        below = below / inside[0]
        # An archive's own top folder is passed over by whoever reads it.
        written = written if is_archive else f"{written.rstrip('/')}/{inside[0]}"
    return below, written


def _unusual_splits(walk: Walk) -> dict[str, str]:
    """Return the folders of the splits by split, where any of them has another name than its split."""
    inside = {name: len(Walk(walk.root).subfolders(walk.root / name)) for name in walk.subfolders(walk.root)}
    found = likely_splits(name for name, count in inside.items() if count and not walk.holds(walk.root / name))
    if "train" not in found:
        # Files beside the class folders, as lists of addresses, hide a split folder unless it is named.
        found = likely_splits(name for name, count in inside.items() if count > 1)
        return found if "train" in found and len(found) > 1 else {}
    return found if any(split != name for split, name in found.items()) else {}


def _group(files: list[ClassFile]) -> str | None:
    """Return why examples are to be grouped by a part of their names, where nearly all names tell whose they are."""
    found = [match[1].casefold() for file in files if (match := _SUBJECT.search(file.key.rsplit(".", 1)[0]))]
    subjects = len(set(found))
    if len(found) < len(files) or not 3 <= subjects < len(files) * 0.9:
        return None
    return f"{counted(subjects, 'name')} such as {found[0]} repeat in the file names; one person's files stay together"
