"""The contents of the cache directory as tables for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from kerastune_ft.reporting.quantities import format_moment, format_size
from kerastune_ft.reporting.terminal.tables import build_rows_table

_KEY_SHOWN = 8


def build_cache_table(kept: Mapping[str, Any]) -> RenderableType:
    """Return tables of the stored features, the most recently used last, and of everything else in the cache."""
    parts: list[RenderableType] = []
    if kept["stores"]:
        has_views = any(store["about"].get("views") for store in kept["stores"])
        rows = [_build_row(store, has_views) for store in kept["stores"]]
        parts.append(build_rows_table(rows, title="stored features"))
    if kept["others"]:
        parts.append(build_rows_table(kept["others"], title="made again when needed"))
    stored, budget = format_size(kept["stored_bytes"]), format_size(kept["budget_bytes"])
    parts.append(Text(f"stored features {stored} of at most {budget}, unless runtime.cache_budget says otherwise"))
    parts.append(Text(f"{format_size(kept['bytes'])} in all in {kept['directory']}"))
    if kept["stores"]:
        parts.append(Text("next: python -m kerastune_ft cache --clear [KEY]... deletes all stored features, or these"))
    return Group(*parts)


def _build_row(store: Mapping[str, Any], has_views: bool) -> dict[str, Any]:
    about = dict(store["about"])
    height_and_width, length, views = (about.pop(name, None) for name in ("image_size", "length", "views"))
    data = about.pop("data", None)
    return {
        "key": store["key"][:_KEY_SHOWN],
        **about,
        "inputs": _describe_inputs(height_and_width, length),
        **({"views": views} if has_views else {}),
        "data": data,
        "rows": store["rows"],
        "bytes": store["bytes"],
        "last used": "in use" if store["in_use"] else format_moment(store["used"]).removesuffix(" UTC"),
    }


def _describe_inputs(height_and_width: Sequence[int] | None, length: int | None) -> str | None:
    """Return the padded length of texts, or the size of images; None for inputs that have neither."""
    if length:
        return f"{length} tokens"
    return " x ".join(map(str, height_and_width)) if height_and_width and any(height_and_width) else None
