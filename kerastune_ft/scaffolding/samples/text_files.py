"""Statistics of a sample of text files: lengths, empty files, files that are not UTF-8."""

from __future__ import annotations

from kerastune_ft import storage
from kerastune_ft.data.texts.blank import is_blank
from kerastune_ft.scaffolding.findings import DataFindings, add_with_reason
from kerastune_ft.scaffolding.samples.text_statistics import measure_texts, sample_evenly
from kerastune_ft.wording import counted

_OPENED = 256
# Only files this small can be empty texts (line ends, byte order marks and the like), so only they are opened.
_LARGEST_EMPTY = 64


def note_texts(findings: DataFindings) -> None:
    """Add statistics of text files, and notes and questions about empty and unreadable ones."""
    texts, damaged = [], []
    for path in sample_evenly(findings.files, _OPENED):
        try:
            texts.append(storage.read(path).decode("utf-8-sig").strip())
        except (OSError, UnicodeDecodeError):
            damaged.append(path)
    findings.prose = measure_texts(texts)
    if findings.prose:
        findings.seen.append(f"texts: {findings.prose.length_text}")
    if empty := _empty(findings):
        reason = (
            f"{counted(empty, 'file')} of {findings.examples:,} without text {'is' if empty == 1 else 'are'} skipped"
        )
        add_with_reason(findings.data, "on_missing", "skip", reason)
    if damaged:
        findings.asks.append(
            f"{counted(len(damaged), 'file')} of {len(texts) + len(damaged)} opened cannot be read as UTF-8, such as "
            f'{damaged[0]}; convert them, or write "on_bad_file": "skip" in data'
        )


def _empty(findings: DataFindings) -> int:
    return sum(_is_empty(path) for path in findings.files)


def _is_empty(path: str) -> bool:
    try:
        return storage.status(path).st_size <= _LARGEST_EMPTY and is_blank(storage.read(path).decode("utf-8-sig"))
    except (OSError, UnicodeDecodeError):
        return False
