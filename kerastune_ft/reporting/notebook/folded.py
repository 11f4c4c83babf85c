"""Large JSON objects that show themselves in a line per key."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from typing import Any

from kerastune_ft.wording import counted

_MOST = 100


class Folded(dict[str, Any]):
    """A dict that prints its own keys in a line each, and of long values only how much they hold."""

    def __repr__(self) -> str:
        width = max(map(len, self), default=0)
        return "\n".join(f"{key:<{width}}  {_fold(value)}" for key, value in self.items()) or "{}"

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles are plain dicts."""
        return dict, (dict(self),)

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(repr(self))}</pre>"


def _fold(value: Any) -> str:
    """Return a value as JSON, and a long one as its number of items or its first letters."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    if len(text) <= _MOST:
        return text
    if isinstance(value, Mapping):
        return f"{{{counted(len(value), 'key')}}}"
    return f"[{counted(len(value), 'item')}]" if isinstance(value, list) else f"{text[: _MOST - 3]}..."
