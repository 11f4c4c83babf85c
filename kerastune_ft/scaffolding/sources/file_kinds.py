"""Detecting whether the files of a folder are images, sounds or texts."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from kerastune_ft.data.files.find import IMAGES, SOUNDS, TEXTS, FileKind, Walk, has_dicom_mark

MODALITIES = {IMAGES.noun: "image", SOUNDS.noun: "audio", TEXTS.noun: "text"}
"""The modality of each kind of file, by the kind's noun."""
_KINDS = (IMAGES, SOUNDS, TEXTS)
_ANY = FileKind(
    "known file",
    frozenset[str]().union(*(kind.suffixes for kind in _KINDS)),
    f"an image: {IMAGES.formats}; a sound: {SOUNDS.formats}; a text: {TEXTS.formats}",
    IMAGES.example,
    refused=frozenset[str]().union(*(kind.refused for kind in _KINDS)),
    is_wanted=has_dicom_mark,
)
# Text files beside each image or sound are captions, boxes or transcripts.
_BESIDE = 2


def file_kind_of_folder(folder: Path) -> FileKind:
    """Return the kind of most files in a folder and below; if there are none, a kind that stands for all."""
    paths = Walk(folder, is_tolerant=True, takes_refused=True, file_kind=_ANY).files(folder)
    counts = Counter(file_kind_of(path).noun for path in paths)
    if not counts:
        return _ANY
    others = counts[IMAGES.noun] + counts[SOUNDS.noun]
    if counts[TEXTS.noun] > _BESIDE * others:
        return TEXTS
    return SOUNDS if counts[SOUNDS.noun] > counts[IMAGES.noun] else IMAGES


def files_by_kind(folder: Path) -> dict[str, list[str]]:
    """Return the images and sounds in a folder and below, by the noun of their kind; unreadable folders are skipped."""
    found: dict[str, list[str]] = {IMAGES.noun: [], SOUNDS.noun: []}
    for path in Walk(folder, is_tolerant=True, file_kind=_ANY).files(folder):
        if (noun := file_kind_of(path).noun) in found:
            found[noun].append(path)
    return found


def file_kind_of(path: str) -> FileKind:
    """Return the kind of a file, by its suffix."""
    suffix = os.path.splitext(path)[1].lower()
    return next(
        (kind for kind in _KINDS if suffix in kind.suffixes | kind.refused), IMAGES if has_dicom_mark(path) else TEXTS
    )
