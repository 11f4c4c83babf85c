"""Mask files checked once before training, like the images they belong to."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from kerastune_ft import storage
from kerastune_ft.config.options.data import FolderData, TableData
from kerastune_ft.data.annotations import masks
from kerastune_ft.data.annotations.mask_reading import MaskReading
from kerastune_ft.data.files.check import CheckedFile, FileCheck
from kerastune_ft.data.files.file_source import find_usable
from kerastune_ft.data.files.find import FileKind
from kerastune_ft.data.files.fingerprint import stamp
from kerastune_ft.data.labels.raw import MaskFiles
from kerastune_ft.data.modality import ReadContext
from kerastune_ft.data.source import SkippedFile

# A JPEG is found, so that it can be said why it is no mask.
MASKS = FileKind(
    "mask",
    frozenset((".png", ".bmp", ".gif", ".tif", ".tiff", ".jpg", ".jpeg")),
    "PNG, BMP, GIF or TIFF",
    ".png",
    "masks/{image_id}.png",
)


@dataclass(frozen=True)
class CheckedMask(CheckedFile):
    """The result of checking one mask file."""

    key: str = ""
    """The identity of the mask for the user: a relative path."""
    size: tuple[int, int] = (0, 0)
    counts: Mapping[int, int] = field(default_factory=dict)
    """For each raw value, the number of pixels that have it."""
    reading: MaskReading = field(default_factory=MaskReading)
    """How its values become those of classes."""

    def read(self, numbers: Mapping[int, int], ignore: int | None) -> np.ndarray:
        """Return class numbers, uint8 [height, width], 255 where the raw value is `ignore`."""
        return masks.read_mask(self.path, numbers, ignore, reading=self.reading)

    def find_problem(self, numbers: Mapping[int, int], ignore: int | None, size: tuple[int, int] | None) -> str | None:
        """Return why the mask does not fit the classes or the size of its image; None where it does."""
        return masks.explain_size(self.size, size) or masks.explain_values(self.counts, numbers, ignore)

    def has_changed(self) -> bool:
        """Tell whether size or time of the file are not what they were when it was checked."""
        try:
            return self.stamp != stamp(storage.status(self.path))
        except (OSError, ValueError):
            return True

    def find_loss(self) -> str | None:
        """Return why the file can no longer be read; None where it can."""
        if not storage.exists(self.path):
            return "its mask is not there any more"
        try:
            masks.decode_values(storage.read(self.path), self.reading)
        except (OSError, masks.UnusableMaskError):
            return "its mask changed and cannot be read any more"
        return None


class MaskCheck(FileCheck[CheckedMask]):
    """Checks the mask files of one data folder, remembering results in the cache directory."""

    noun = "mask"

    def __init__(self, root: Path, reading: MaskReading, context: ReadContext) -> None:
        scope = " ".join(map(str, (root.absolute(), "masks", *reading.key)))
        super().__init__(scope, context.cache_directory, context.report)
        self._reading = reading

    def unusable(self, path: str, problem: str, is_missing: bool = False) -> CheckedMask:
        """Return the result of a file of which nothing else is known."""
        return CheckedMask(path, "", problem, is_missing)

    def _is_complete(self, facts: dict[str, Any]) -> bool:
        return "counts" in facts or "problem" in facts

    def _examine(self, content: bytes) -> dict[str, Any]:
        facts: dict[str, Any] = {"sha256": hashlib.sha256(content).hexdigest()}
        try:
            values = masks.decode_values(content, self._reading)
        except masks.UnusableMaskError as problem:
            return facts | {"problem": str(problem)}
        counts = {str(value): count for value, count in masks.count_values(values).items()}
        return facts | {"size": list(values.shape), "counts": counts}

    def _result(self, path: str, facts: dict[str, Any], status: os.stat_result) -> CheckedMask:
        height, width = facts.get("size", (0, 0))
        return CheckedMask(
            path,
            facts["sha256"],
            facts.get("problem"),
            stamp=stamp(status),
            content=facts["sha256"],
            size=(height, width),
            counts={int(value): count for value, count in facts.get("counts", {}).items()},
            reading=self._reading,
        )


def check_masks(
    paths: Sequence[str],
    keys: Sequence[str],
    names: Sequence[str],
    folder: Path,
    options: FolderData | TableData,
    context: ReadContext,
) -> tuple[list[int], MaskFiles, tuple[SkippedFile, ...]]:
    """Return which masks can be used, these masks, and the others; raise DataError where they may not be left out.

    `keys` identify the masks to the user, and `names` their examples.
    """
    distinct = list(dict.fromkeys(paths))
    check = MaskCheck(folder, MaskReading.of(options, context.task, context.rules), context)
    found = dict(zip(distinct, check.check(distinct), strict=True))
    told = [f"{name}, its mask {key}" for name, key in zip(names, keys, strict=True)]
    checked = [replace(found[path], key=key) for path, key in zip(paths, keys, strict=True)]
    kept, skipped = find_usable(told, checked, options, "mask")
    return kept, MaskFiles([checked[index] for index in kept]), skipped
