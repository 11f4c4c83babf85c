"""Which sort of examples the files of a folder are: images, sounds or texts."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from kerastune_ft.data.files.find import IMAGES, SOUNDS, TEXTS, FileKind, Walk

MODALITIES = {IMAGES.noun: "image", SOUNDS.noun: "audio", TEXTS.noun: "text"}
"""By the noun of what is sought, how the tasks on it are called."""
_SORTS = (IMAGES, SOUNDS, TEXTS)
_ANY = FileKind(
    "known file",
    frozenset[str]().union(*(sort.suffixes for sort in _SORTS)),
    f"an image: {IMAGES.formats}; a sound: {SOUNDS.formats}; a text: {TEXTS.formats}",
    IMAGES.example,
    refused=frozenset[str]().union(*(sort.refused for sort in _SORTS)),
)
# Text files beside each image or sound are captions, boxes or transcripts.
_BESIDE = 2


def sought_in(folder: Path) -> FileKind:
    """Return what most files in a folder and below it are; where none is known, whatever is known."""
    paths = Walk(folder, is_tolerant=True, takes_refused=True, sought=_ANY).files(folder)
    counts = Counter(sort_of(path).noun for path in paths)
    if not counts:
        return _ANY
    others = counts[IMAGES.noun] + counts[SOUNDS.noun]
    if counts[TEXTS.noun] > _BESIDE * others:
        return TEXTS
    return SOUNDS if counts[SOUNDS.noun] > counts[IMAGES.noun] else IMAGES


def files_by_sort(folder: Path) -> dict[str, list[str]]:
    """Return the images and the sounds in a folder and below it, by noun; folders that cannot be read are passed by."""
    found: dict[str, list[str]] = {IMAGES.noun: [], SOUNDS.noun: []}
    for path in Walk(folder, is_tolerant=True, sought=_ANY).files(folder):
        if (noun := sort_of(path).noun) in found:
            found[noun].append(path)
    return found


def sort_of(path: str) -> FileKind:
    """Return what a file with a known end of its name is."""
    suffix = os.path.splitext(path)[1].lower()
    return next((sort for sort in _SORTS if suffix in sort.suffixes | sort.refused), TEXTS)
