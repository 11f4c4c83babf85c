"""Sentences for the plan on texts that are cut, read in windows, or hold words that a tokenizer does not know."""

from __future__ import annotations

import numpy as np

from kerastune_ft.input.texts.row_settings import Rows
from kerastune_ft.input.texts.windows import MOST_WINDOWS
from kerastune_ft.wording import counted

# What it brings depends on the texts, so it is no advice.
_WHOLE = '"long_texts": "windows" reads them whole, which may help where what matters stands late in the text'


def describe_cut(rows: Rows, limit: int, parts: int = 1, has_windows: bool = True) -> list[str]:
    """Return sentences on texts longer than `limit` tokens: what they lose, or the windows that they are read in.

    `parts` are the texts of an example, of which there must be one for windows, which a task may not have.
    """
    found = [] if rows.text.window is None else [_describe_windows(rows.sizes, limit)]
    lost, total = rows.lost, len(rows.lost)
    if not (cut := int((lost > 0).sum())):
        return found
    length = f"{limit} tokens" if rows.text.window is None else f"{MOST_WINDOWS} windows of {limit} tokens"
    sentence = (
        f"{cut} of {counted(total, 'text')} {'is' if cut == 1 else 'are'} cut to {length} and "
        f"{'loses' if cut == 1 else 'lose'} {counted(int(lost.sum()), 'token')}, "
        f"{lost[lost > 0].mean():.0f} in the mean (data.sequence_length"
    )
    return [*found, sentence + (")" if found or parts > 1 or not has_windows else f"; {_WHOLE})")]


def _describe_windows(sizes: np.ndarray, length: int) -> str:
    longer, total = int((sizes > 1).sum()), counted(len(sizes), "text")
    if not longer:
        return f'no text is longer than {length} tokens, so that "long_texts": "windows" changes nothing'
    return (
        f"{longer} of {total} {'is' if longer == 1 else 'are'} longer than {length} tokens and "
        f"{'is' if longer == 1 else 'are'} read in 2 to {sizes.max()} windows: {sizes.sum():,} windows in all, "
        f"{sizes.mean():.1f} to a text, so that the backbone computes about {sizes.mean():.1f} times as long as with "
        "texts that are cut (data.long_texts)"
    )


def describe_unknown(rows: Rows) -> list[str]:
    """Return a sentence on texts with words or characters that the tokenizer has no token for, if there are any."""
    unknown = getattr(rows.text.tokenizer, "unk_token_id", None)
    texts, tokens = (0, 0) if unknown is None else rows.count_token(unknown)
    if not tokens:
        return []
    return [
        f"{texts} of {counted(len(rows.lost), 'text')} {'has' if texts == 1 else 'have'} characters or words that the "
        f"tokenizer does not know: {counted(tokens, 'unknown token')}"
    ]
