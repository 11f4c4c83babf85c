"""Explaining a cache miss: how the requested key parts differ from the most similar store."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kerastune_ft.config.documents.nodes import short_json
from kerastune_ft.stores import record
from kerastune_ft.stores.budget import list_stores

_LONGEST = 24
# Parts that are SHA-256 of what they name: the layers below the cut, their variables.
_HASHES = ("graph", "weights")
_ABSENT = object()


def compare_with_nearest(root: Path, parts: Mapping[str, Any], alike: Mapping[str, Any] | None = None) -> list[str]:
    """Return how the parts of a missing store differ from those of the most similar existing store.

    One text per differing part: its dotted name, the value here and the value there. Empty if no store records its
    parts; of equally similar stores the most recently used counts. Only stores whose description has the values of
    `alike` are compared.
    """
    here = dict(_leaves(json.loads(json.dumps(parts))))
    closest: list[str] | None = None
    for info in reversed(list_stores(root)):
        if any(info.about.get(name) != value for name, value in (alike or {}).items()):
            continue
        there = dict(_leaves(record.read_record(record.folder_of(root, info.key)).get("parts")))
        if not there:
            continue
        names = [name for name in {**here, **there} if here.get(name, _ABSENT) != there.get(name, _ABSENT)]
        if closest is None or len(names) < len(closest):
            closest = [_difference(here, there, name) for name in names]
    return closest or []


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield dotted name and value of everything in nested maps; a list is one value."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, f"{name}.{key}" if name else str(key))
    elif name:
        yield name, value


def _difference(here: Mapping[str, Any], there: Mapping[str, Any], name: str) -> str:
    if name in _HASHES:
        return f"{name}: different"
    return f"{name}: {_leaf_text(here, name)} here, {_leaf_text(there, name)} there"


def _leaf_text(leaves: Mapping[str, Any], name: str) -> str:
    return short_json(leaves[name], _LONGEST) if name in leaves else "nothing"
