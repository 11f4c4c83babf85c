"""Whole texts are found among those that a run read in blocks."""

from __future__ import annotations

from kerastune_ft.data.dialogues.overlap import DividedTexts
from kerastune_ft.data.dialogues.plain_texts import describe_plain
from kerastune_ft.data.splits.recorded import RecordedExamples, content_key

_PRINT = "1" * 64
_TEXTS = ("one two three four", "five six seven fou", "short")


def _record() -> RecordedExamples:
    """Return what a run records of the texts: the first in train and the second in test, both in two blocks."""
    keys = [f"row {number}" for number in range(len(_TEXTS))]
    found = describe_plain(
        _TEXTS, keys, lambda _, texts: [[(0, 8), (8, 18)] if len(text) == 18 else [(0, 5)] for text in texts], range(3)
    )
    names = found.find_names(keys)
    contents = [content_key(_PRINT, content) for content in found.contents]
    splits = ["train", "train", "test", "test", "train"]
    # A run writes its rows by split.
    rows = sorted(zip(splits, names, contents, strict=True))
    splits, names, contents = (list(column) for column in zip(*rows, strict=True))
    return RecordedExamples("run", _PRINT, names, [""] * len(names), splits, contents)


def test_a_text_is_known_by_all_its_blocks_in_these_splits() -> None:
    recorded = _record()
    trained = DividedTexts(recorded, ["train"])
    assert _TEXTS[0] in trained
    assert _TEXTS[1] not in trained
    assert _TEXTS[1] in DividedTexts(recorded, ["train", "test"])
    assert "one two three five" not in trained, "its last block is another"
    assert "one two three four five" not in trained, "it is longer"
    assert _TEXTS[2] not in trained, "it was read in one block, which has a key of its own"
