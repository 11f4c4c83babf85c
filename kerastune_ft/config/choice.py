"""What phases that were chosen by measurement were chosen for: a hash vouches for them while that is the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from kerastune_ft.config.options.base import Options
from kerastune_ft.config.options.phases import Phase
from kerastune_ft.wording import encode_text

FREE = (
    "name",
    "output",
    "runtime.strategy",
    "runtime.replicas",
    "runtime.cache",
    "runtime.cache_directory",
    "runtime.cache_budget",
    "runtime.gpu_memory",
)
"""Keys that may change while a run goes on: they say where it is computed and shown, and not what."""
# A refit comes after all phases, and the hash cannot vouch for itself.
_AFTER = ("refit", "auto.chosen")


def hash_choice(options: Mapping[str, Any]) -> str:
    """Return the SHA-256 of phases and all else that they were chosen for, of the options of a configuration by name.

    Keys that have their defaults do not count, so that later ones change nothing, nor do those of `FREE`.
    """
    document = {key: _write(value) for key, value in sorted(options.items())}
    for key in (*FREE, *_AFTER):
        section, _, inner = key.partition(".")
        if not inner:
            document.pop(section, None)
        elif isinstance(document.get(section), dict):
            document[section].pop(inner, None)
    return _hash(document)


def hash_phases(phases: Iterable[Phase]) -> str:
    """Return what vouched before for phases that were chosen: their SHA-256 alone, with the keys that they had then."""
    document = [phase.to_json() for phase in phases]
    for phase in document:
        rate = phase["learning_rate"]
        if rate is not None and rate["momentum"] is None:
            del rate["momentum"]
    return _hash(document, sort_keys=True)


def _write(value: Any) -> Any:
    if isinstance(value, Options):
        return value.model_dump(mode="python", by_alias=True, exclude_defaults=True)
    return [_write(item) for item in value] if isinstance(value, tuple) else value


def _hash(document: Any, sort_keys: bool = False) -> str:
    return hashlib.sha256(encode_text(json.dumps(document, sort_keys=sort_keys))).hexdigest()
