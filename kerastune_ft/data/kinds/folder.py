"""Folders of files, or archives of them, whose labels lie beside the files in one of several formats."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from kerastune_ft.config.options.data import FolderData, Fractions, PatternGroup
from kerastune_ft.config.options.task_facts import LabelKind
from kerastune_ft.data.annotations import class_folders, mask_formats
from kerastune_ft.data.annotations.base import AnnotatedFile, Annotations
from kerastune_ft.data.annotations.boxes import read as boxes_read
from kerastune_ft.data.files.archive import is_archive, unpack_archive
from kerastune_ft.data.files.download import fetch_to_cache
from kerastune_ft.data.files.find import FileKind, Walk, holds
from kerastune_ft.data.inputs import select
from kerastune_ft.data.kinds import written_folders
from kerastune_ft.data.modality import FileList, Modality, ReadContext
from kerastune_ft.data.records import Records
from kerastune_ft.errors import DataError
from kerastune_ft.storage import find_similar, path_of
from kerastune_ft.wording import lines

FORMATS: Mapping[LabelKind, Callable[..., Annotations]] = {
    "one": class_folders.read,
    "several": class_folders.read,
    "values": class_folders.read,
    "mask": mask_formats.read,
    "boxes": boxes_read.read,
    "text": written_folders.read,
}
"""For each kind of label, the annotation format that a folder has such labels in."""

# A request for fractions pools folders that look like splits.
_POOLED = Fractions(train=0.7, validation=0.15, test=0.15)


def read_records(options: FolderData, modality: Modality, context: ReadContext) -> Records:
    """Return the files of a folder, each checked, with the labels beside them."""
    # Where bad files are left out, files in a form that is not read, as M4A, are among them.
    takes_refused = options.on_bad_file == "skip"
    root = find_root(path_of(options.path), context, modality.file_kind)
    walk = Walk(root, takes_refused=takes_refused, file_kind=modality.file_kind, rules=context.rules)
    found = FORMATS[context.facts.labels](walk, options, _POOLED if context.unsplit else options.splits, context)
    keys = [file.key for file in found.files]
    inputs = modality.read_files(FileList(walk.root, [file.path for file in found.files], keys), options, context)
    found.check_kept(inputs.kept)
    keys, files = inputs.find_names(keys), [found.files[index] for index in inputs.kept]
    return Records(
        kind="folder",
        name=Path(options.path).name,
        place=f"the folder {options.path}",
        keys=keys,
        names=keys,
        inputs={context.facts.modality: inputs},
        labels=found.labels.keep(inputs.kept),
        label_texts=select(found.label_texts, inputs.kept),
        groups=pattern_groups(options.group, keys),
        given_splits=_find_splits(files),
        skipped=(*found.skipped, *inputs.skipped),
        notes=(*walk.ignored.notes(), *found.notes),
    )


def pattern_groups(options: PatternGroup | None, keys: Sequence[str]) -> list[str] | None:
    """Return the group of every file, which the one group of the pattern finds in its relative path."""
    if options is None:
        return None
    pattern = re.compile(options.pattern)
    matches = [pattern.search(key) for key in keys]
    without = [key for key, match in zip(keys, matches, strict=True) if match is None or match[1] is None]
    if without:
        raise DataError(
            f"data.group.pattern: {options.pattern!r} is not found in {len(without)} of {len(keys)} relative paths:\n"
            f"{lines([(key, '') for key in without])}\n"
            "Write a pattern whose one group in parentheses is the name of the group in every path."
        )
    return [match[1] for match in matches if match is not None]


def find_root(path: Path, context: ReadContext, file_kind: FileKind) -> Path:
    """Return the data folder: the path itself, or what an archive holds."""
    if path.is_dir():
        return path
    if not path.exists():
        near = find_similar(path)
        hint = f'; did you mean "{near}"?' if near else "."
        raise DataError(f"data.path: {path} is not there{hint}\nGive a folder, a .zip or a .tar.")
    archive = fetch_to_cache(path, context.cache_directory, context.report)
    if not is_archive(archive):
        raise DataError(f"data.path: {path} is neither a folder nor a .zip or .tar archive that can be read.")
    root = unpack_archive(archive, context.cache_directory, context.report)
    walk = Walk(root, file_kind=file_kind, rules=context.rules)
    inside = walk.subfolders(root)
    # Most archives hold one folder that bears their name, and the class folders in it.
    if len(inside) == 1 and not holds(root, file_kind) and walk.subfolders(root / inside[0]):
        return root / inside[0]
    return root


def _find_splits(files: Sequence[AnnotatedFile]) -> dict[str, np.ndarray]:
    """Return the examples of the splits that folders bear the names of."""
    names = dict.fromkeys(file.split for file in files if file.split is not None)
    return {name: np.flatnonzero([file.split == name for file in files]) for name in names}
