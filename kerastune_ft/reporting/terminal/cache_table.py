"""What the cache directory holds as tables for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from kerastune_ft.reporting import quantities as say
from kerastune_ft.reporting.terminal.tables import rows_table

_KEY_SHOWN = 12


def cache_table(kept: Mapping[str, Any]) -> RenderableType:
    """Return a row per store of features, the one used last at the end, and a row for everything else that is kept."""
    parts: list[RenderableType] = []
    if kept["stores"]:
        parts.append(rows_table([_cells(store) for store in kept["stores"]], title="stored features"))
    if kept["others"]:
        parts.append(rows_table(kept["others"], title="made again when needed"))
    stored, budget = say.size(kept["stored_bytes"]), say.size(kept["budget_bytes"])
    parts.append(Text(f"stored features {stored} of at most {budget}, unless runtime.cache_budget says otherwise"))
    parts.append(Text(f"{say.size(kept['bytes'])} in all in {kept['directory']}"))
    if kept["stores"]:
        parts.append(Text("next: python -m kerastune_ft cache --clear [KEY]... deletes all stored features, or these"))
    return Group(*parts)


def _cells(store: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "key": store["key"][:_KEY_SHOWN],
        **store["about"],
        "rows": store["rows"],
        "bytes": store["bytes"],
        "last used": "in use" if store["in_use"] else say.moment(store["used"]).removesuffix(" UTC"),
    }
