"""Checking texts: those that are empty, damaged, or there several times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from kerastune_ft.data.duplicates import describe_equal, group_equal
from kerastune_ft.data.labels.base import Labels
from kerastune_ft.data.remedies import how_to_skip
from kerastune_ft.data.source import SkippedFile
from kerastune_ft.data.texts.blank import explain_blank, is_blank
from kerastune_ft.data.texts.text_source import Texts
from kerastune_ft.errors import DataError
from kerastune_ft.rules import NEWEST, Rules
from kerastune_ft.wording import counted, lines

# What a decoder writes in place of bytes that were no text.
_REPLACED = "\ufffd"


def find_complete(
    texts: Sequence[Texts], names: Sequence[str], rule: str, place: str, rules: Rules = NEWEST
) -> tuple[list[int], tuple[SkippedFile, ...]]:
    """Return the examples that have all their texts, and the others; raise DataError where these may not be left out.

    `rule` is data.on_missing; `place` says where the texts are, and `rules` which texts count as empty.
    """
    absent = [index for index, each in enumerate(texts) if any(is_blank(text, rules) for text in each)]
    if absent and rule == "error":
        shown = lines([(names[index], _remark(texts[index])) for index in absent])
        raise DataError(
            f"data.input: {counted(len(absent), 'example')} of {len(texts)} in {place} "
            f"{'has' if len(absent) == 1 else 'have'} an empty text:\n{shown}\n"
            f"Write the texts, or {how_to_skip(['on_missing'], 'these examples')}."
        )
    if len(absent) == len(texts):
        raise DataError(f"data.input: every text in {place} is empty. Name where the texts are.")
    left_out = set(absent)
    skipped = tuple(SkippedFile(names[index], explain_blank(texts[index])) for index in absent)
    return [index for index in range(len(texts)) if index not in left_out], skipped


def _remark(each: Texts) -> str:
    """Return what is said of an example without text; nothing where it is empty, as its name shows."""
    found = explain_blank(each)
    return "" if "invisible" not in found else f"  {found}"


def find_text_notes(
    texts: Sequence[Texts], skipped: Sequence[SkippedFile], labels: Labels, splits: Mapping[str, np.ndarray]
) -> tuple[str, ...]:
    """Return what the user should know of texts: left out, damaged, and those that are there several times."""
    found = [f"{counted(len(skipped), 'example')} left out (data.on_missing)"] if skipped else []
    damaged = sum(any(_REPLACED in text for text in each) for each in texts)
    if damaged:
        found.append(
            f"{counted(damaged, 'text')} {'has' if damaged == 1 else 'have'} the character U+FFFD, which stands for "
            "bytes that could not be read: the file was written in another encoding than it was read in"
        )
    repeated = describe_equal(group_equal(texts), labels, splits, "text", "texts", labels.contradiction_of_texts)
    return (*found, *repeated)
