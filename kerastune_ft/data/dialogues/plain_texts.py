"""Texts that are learnt whole, the long ones in blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from kerastune_ft.data.blocks import Divide, name_block
from kerastune_ft.data.dialogues.dialogue_source import DialogueSource
from kerastune_ft.data.dialogues.turns import Dialogue, Turn
from kerastune_ft.data.inputs import DefaultGroups, Inputs
from kerastune_ft.data.labels.base import Labels
from kerastune_ft.data.source import SkippedFile
from kerastune_ft.data.texts.check import find_text_notes
from kerastune_ft.data.texts.text_source import Texts, text_identity
from kerastune_ft.wording import counted

# With fewer texts, blocks of one may be in several splits: there would be nothing to divide.
_FEW_TEXTS = 20


def describe_plain(
    texts: Sequence[str],
    keys: Sequence[str],
    divide: Divide | None,
    kept: Sequence[int],
    skipped: tuple[SkippedFile, ...] = (),
    hashes: Sequence[str] | None = None,
) -> Inputs:
    """Return the inputs that texts, or their blocks, are; `keys` and `kept` are by text, see `Inputs`.

    `hashes` are those that whole texts are known by in data with labels, where these are to be told.
    """
    spans = [[(0, len(text))] for text in texts] if divide is None else divide(keys, texts)
    places = [(place, span) for place, own in enumerate(spans) for span in own]
    blocks: list[Texts] = [(texts[place][start:end],) for place, (start, end) in places]
    contexts: list[Dialogue] = [
        (Turn("text" if end == len(texts[place]) else "part", text),)
        for (text,), (place, (_, end)) in zip(blocks, places, strict=True)
    ]
    notes = _describe_blocks(spans)

    def find_notes(skipped: Sequence[SkippedFile], labels: Labels, splits: Mapping[str, np.ndarray]) -> Sequence[str]:
        return (*notes, *find_text_notes(blocks, skipped, labels, splits))

    contents = [identify_block(turn.content, not turn.goes_on) for (turn,) in contexts]
    known = contents
    if hashes is not None:
        known = [
            hashes[place] if len(spans[place]) == 1 else own for own, (place, _) in zip(contents, places, strict=True)
        ]
    return Inputs(
        contents=known,
        hashes=known,
        make_source=lambda catalogue: DialogueSource(catalogue, blocks, contexts),
        kept=[kept[place] for place, _ in places],
        skipped=skipped,
        find_notes=find_notes,
        parts=[name_block(span, len(spans[place])) for place, span in places],
        default_groups=_group_blocks(keys, places) if len(texts) >= _FEW_TEXTS and notes else None,
    )


def identify_block(text: str, is_last: bool) -> str:
    """Return the SHA-256 that a block of a text is known by; `is_last` where the text ends with it."""
    return text_identity(("text" if is_last else "part", text))


def _describe_blocks(spans: Sequence[Sequence[tuple[int, int]]]) -> tuple[str, ...]:
    divided = [own for own in spans if len(own) > 1]
    if not divided:
        return ()
    return (
        f"{len(divided):,} of {counted(len(spans), 'text')} {'is' if len(divided) == 1 else 'are'} divided into "
        f"{sum(map(len, divided)):,} blocks, each an example (data.sequence_length)",
    )


def _group_blocks(keys: Sequence[str], places: Sequence[tuple[int, tuple[int, int]]]) -> DefaultGroups:
    return DefaultGroups([keys[place] for place, _ in places], ("splits: all blocks of a text are in the same split",))
