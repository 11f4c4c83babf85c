"""Finding whole texts among those that an earlier run read in several blocks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

from kerastune_ft.data.blocks import Span, find_block
from kerastune_ft.data.dialogues.plain_texts import identify_block
from kerastune_ft.data.splits.recorded import RecordedExamples, content_key


class DividedTexts:
    """The texts that a run divided into blocks, as its splits.csv has them: where blocks lie, and what they hold."""

    def __init__(self, recorded: RecordedExamples, splits: Collection[str]) -> None:
        """Only texts in some `splits` of the run are looked at."""
        self._fingerprint = recorded.fingerprint
        self._by_length: defaultdict[int, list[list[tuple[Span, str]]]] = defaultdict(list)
        texts: defaultdict[str, list[tuple[Span, str]]] = defaultdict(list)
        for key, split, content in zip(recorded.keys, recorded.splits, recorded.contents or (), strict=False):
            if split in splits and (block := find_block(key)) is not None:
                texts[block[0]].append((block[1], content))
        for blocks in texts.values():
            (_, end), _ = max(blocks)
            self._by_length[end].append(sorted(blocks))

    def __contains__(self, text: str) -> bool:
        """Return whether a text has the contents of all blocks of one of these."""
        return any(self._holds(text, blocks) for blocks in self._by_length.get(len(text), ()))

    def _holds(self, text: str, blocks: Iterable[tuple[Span, str]]) -> bool:
        return all(
            content_key(self._fingerprint, identify_block(text[start:end], end == len(text))) == content
            for (start, end), content in blocks
        )
