"""Folders of plain texts that a model goes on with: every .txt file is an example, and sub-folders mean nothing.

Folders called train, validation and test at the top are splits, as everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kerastune_ft.config.options.data import SPLITS, FolderData, Named, Splits
from kerastune_ft.data.annotations.base import AnnotatedFile, Annotations
from kerastune_ft.data.files.find import Walk
from kerastune_ft.data.labels.raw import SingleLabels
from kerastune_ft.data.modality import ReadContext
from kerastune_ft.data.splits.names import usual_split_names
from kerastune_ft.errors import DataError


def read(walk: Walk, options: FolderData, requested: Splits | None, context: ReadContext) -> Annotations:
    """Return the text files of a folder, which have no label."""
    files = [
        AnnotatedFile(path, walk.relative(path), split)
        for split, folder in find_folders(walk, requested, context)
        for path in walk.files(folder)
    ]
    if not files:
        seen = "; ".join(walk.ignored.notes()) or "its folders are empty"
        raise DataError(f"data.path: {walk.root} has {walk.file_kind.none} in it; {seen}.")
    labels = [""] * len(files)
    return Annotations(files, SingleLabels(labels), labels)


def find_folders(walk: Walk, requested: Splits | None, context: ReadContext) -> Iterator[tuple[str | None, Path]]:
    """Yield the folders that are read, each with the split that it is."""
    if isinstance(requested, Named):
        for split, name in requested.to_json().items():
            if name is None:
                continue
            if not (walk.root / name).is_dir():
                raise DataError(f'data.splits.{split}: {walk.root} has no folder "{name}". Write one that is there.')
            yield split, walk.root / name
        return
    top = Walk(walk.root, file_kind=walk.file_kind, rules=walk.rules).subfolders(walk.root)
    known = usual_split_names(top)
    if requested is not None or context.unsplit or "train" not in known.values():
        yield None, walk.root
        return
    if unusual := [name for name in known if name not in SPLITS]:
        line = ", ".join(f'"{split}": "{name}"' for name, split in known.items())
        raise DataError(
            f"data.path: {walk.root} has the folder {unusual[0]}, which may be a split. Write in data which is which, "
            f'as  "splits": {{{line}}}'
        )
    for name in known:
        yield name, walk.root / name
