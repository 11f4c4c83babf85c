"""Text files looked into: how long their texts are, which are empty, and which are no UTF-8."""

from __future__ import annotations

from kerastune_ft import storage
from kerastune_ft.scaffolding.findings import DataFindings, add_with_reason
from kerastune_ft.scaffolding.samples.text_statistics import measured, sampled
from kerastune_ft.wording import counted

_OPENED = 256
# An empty text is at most a mark of the encoding and a few line ends; only such files are opened to see.
_LARGEST_EMPTY = 16


def note_texts(sight: DataFindings) -> None:
    """Add to a sight of text files their measures, and what is to be done about those that cannot be used."""
    texts, damaged = [], []
    for path in sampled(sight.files, _OPENED):
        try:
            texts.append(storage.read(path).decode("utf-8-sig").strip())
        except (OSError, UnicodeDecodeError):
            damaged.append(path)
    sight.prose = measured(texts)
    if sight.prose:
        sight.seen.append(f"texts: {sight.prose.described}")
    if empty := _empty(sight):
        reason = f"{counted(empty, 'file')} of {sight.examples:,} without text {'is' if empty == 1 else 'are'} left out"
        add_with_reason(sight.data, "on_missing", "skip", reason)
    if damaged:
        sight.asks.append(
            f"{counted(len(damaged), 'file')} of {len(texts) + len(damaged)} opened cannot be read as UTF-8, as "
            f'{damaged[0]}; convert them, or write "on_bad_file": "skip" in data'
        )


def _empty(sight: DataFindings) -> int:
    return sum(_is_empty(path) for path in sight.files)


def _is_empty(path: str) -> bool:
    try:
        return storage.status(path).st_size <= _LARGEST_EMPTY and not storage.read(path).decode("utf-8-sig").strip()
    except (OSError, UnicodeDecodeError):
        return False
