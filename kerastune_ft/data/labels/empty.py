"""Labels in which nothing is to be seen."""

from __future__ import annotations

from collections.abc import Sequence

from kerastune_ft.data.labels.spelling import plain_form, quote
from kerastune_ft.errors import DataError
from kerastune_ft.wording import counted, first_names

_SHOWN = 5


def refuse_empty(texts: Sequence[str], keys: Sequence[str], origin: str) -> None:
    """Raise DataError where the label of an example has nothing that can be seen."""
    empty = {text for text in set(texts) if not plain_form(text)}
    if not empty:
        return
    without = [key for key, text in zip(keys, texts, strict=True) if text in empty]
    verb = "has" if len(without) == 1 else "have"
    hidden = [quote(text) for text in sorted(empty) if text.strip()]
    how = f" (nothing but {first_names(hidden, _SHOWN)})" if hidden else ""
    raise DataError(
        f"data: {len(without)} of {counted(len(keys), 'example')} of {origin} {verb} an empty label{how}: "
        f"{first_names(without, _SHOWN)}.\nWrite their labels, or take the examples out of the data."
    )
