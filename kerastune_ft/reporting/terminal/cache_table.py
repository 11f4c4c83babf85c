"""The contents of the cache directory as tables for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from kerastune_ft.reporting.quantities import format_moment, format_size
from kerastune_ft.reporting.terminal.tables import build_rows_table

_KEY_SHOWN = 12


def build_cache_table(kept: Mapping[str, Any]) -> RenderableType:
    """Return tables of the stored features, the most recently used last, and of everything else in the cache."""
    parts: list[RenderableType] = []
    if kept["stores"]:
        parts.append(build_rows_table([_build_row(store) for store in kept["stores"]], title="stored features"))
    if kept["others"]:
        parts.append(build_rows_table(kept["others"], title="made again when needed"))
    stored, budget = format_size(kept["stored_bytes"]), format_size(kept["budget_bytes"])
    parts.append(Text(f"stored features {stored} of at most {budget}, unless runtime.cache_budget says otherwise"))
    parts.append(Text(f"{format_size(kept['bytes'])} in all in {kept['directory']}"))
    if kept["stores"]:
        parts.append(Text("next: python -m kerastune_ft cache --clear [KEY]... deletes all stored features, or these"))
    return Group(*parts)


def _build_row(store: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "key": store["key"][:_KEY_SHOWN],
        **store["about"],
        "rows": store["rows"],
        "bytes": store["bytes"],
        "last used": "in use" if store["in_use"] else format_moment(store["used"]).removesuffix(" UTC"),
    }
