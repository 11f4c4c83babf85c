"""Pictures with their boxes, as formats of annotations find them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kerastune_ft.config.options.data import FolderData
from kerastune_ft.data.annotations.base import AnnotatedFile, Annotations
from kerastune_ft.data.annotations.boxes.pictures import FoundFile
from kerastune_ft.data.labels.raw import BoxList, BoxLists
from kerastune_ft.data.remedies import how_to_skip
from kerastune_ft.data.source import SkippedFile
from kerastune_ft.errors import DataError
from kerastune_ft.wording import counted, lines


class UnusableAnnotationError(Exception):
    """An annotation that cannot be read; its text says why."""


@dataclass(frozen=True)
class Refusal:
    """A picture or an annotation that cannot be used, and the rule that decides whether it may be left out."""

    key: str
    reason: str
    rule: str = "on_bad_file"


@dataclass(frozen=True)
class Boxed:
    """A picture and its boxes."""

    picture: FoundFile
    split: str | None
    boxes: BoxList


def to_annotations(
    found: Sequence[Boxed],
    refused: Sequence[Refusal],
    options: FolderData,
    notes: Sequence[str],
    *,
    are_fractions: bool = False,
    named: Sequence[str] = (),
) -> Annotations:
    """Return the pictures with their boxes; raise DataError for what is refused and may not be left out.

    `named` are the classes that the annotations define.
    """
    refuse_unusable(refused, options)
    if not found:
        raise DataError(f"data.path: no image of {options.place} has an annotation that can be read.")
    notes = list(notes)
    # So that every format gives the examples in one order.
    found = sorted(found, key=lambda one: one.picture.key)
    if any(one.split for one in found) and (beside := sum(one.split is None for one in found)):
        notes.append(f"ignored {counted(beside, 'image')} beside the split folders")
        found = [one for one in found if one.split is not None]
    return Annotations(
        [AnnotatedFile(one.picture.path, one.picture.key, one.split) for one in found],
        BoxLists([one.boxes for one in found], are_fractions, tuple(named)),
        [one.boxes.content for one in found],
        notes,
        tuple(SkippedFile(one.key, one.reason) for one in refused),
    )


def refuse_unusable(refused: Sequence[Refusal], options: FolderData) -> None:
    """Raise DataError for what cannot be used and may not be left out."""
    strict = [one for one in refused if getattr(options, one.rule) == "error"]
    if strict:
        rules = sorted({one.rule for one in strict})
        raise DataError(
            f"data.path: {counted(len(strict), 'annotation')} or {'image' if len(strict) == 1 else 'images'} of "
            f"{options.place} cannot be used:\n{lines([(one.key, one.reason) for one in strict])}\n"
            f"Repair or remove them, or {how_to_skip(rules, 'them')}."
        )
