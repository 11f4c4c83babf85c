"""The keys in which the configurations of runs differ, defaults filled in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kerastune_ft.config.options.phases import Phase

# What a run is called and where its files go changes no result.
_IDLE = ("name", "output")
_LEAST_PHASE = {"name": "phase", "unfreeze": "none", "epochs": 1, "learning_rate": 1.0}
ABSENT = object()
"""The value of a key that a configuration does not have, as of a phase that is not in it."""


def list_differences(configs: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return a row for each key that differs: `key`, as `--set` takes it, and `values` by run, of those that have it.

    `configs` are complete configurations by run. Phases are compared by their names, and their order is a row of its
    own; of a phase that a run lacks, the others' values have what is not the default. Name and `output` are left out.
    """
    documents = [_prepare(config) for config in configs.values()]
    rows = []
    for key, values in _walk(documents, ""):
        if any(value is ABSENT for value in values) and key.startswith("phases."):
            values = [value if value is ABSENT else _shorten_phase(value) for value in values]
        named = zip(configs, values, strict=True)
        rows.append({"key": key, "values": {name: value for name, value in named if value is not ABSENT}})
    return rows


def same_but_seed(configs: Mapping[str, Mapping[str, Any]]) -> list[list[str]]:
    """Return the runs in groups that have the same configuration but for the seed."""
    groups: list[tuple[dict[str, Any], list[str]]] = []
    for name, config in configs.items():
        own = {key: value for key, value in _prepare(config).items() if key != "seed"}
        for known, members in groups:
            if known == own:
                members.append(name)
                break
        else:
            groups.append((own, [name]))
    return [members for _, members in groups]


def _prepare(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration without what changes nothing, its phases by their names."""
    found = {key: value for key, value in config.items() if key not in _IDLE}
    phases = found.get("phases") or []
    if not isinstance(phases, list):
        # Those of a cross-validation may be chosen for each fold.
        return found
    by_name = {str(phase.get("name")): phase for phase in phases}
    if len(by_name) == len(phases):
        found["phases"] = {
            name: {key: value for key, value in phase.items() if key != "name"} for name, phase in by_name.items()
        }
        found["order of phases"] = list(by_name)
    return found


def _shorten_phase(phase: Any) -> Any:
    """Return a phase without the keys that have their defaults."""
    usual = Phase.model_validate(_LEAST_PHASE).to_json()
    # What every phase says of itself has no default.
    usual = {key: value for key, value in usual.items() if key not in ("unfreeze", "epochs")}
    usual["learning_rate"].pop("peak")
    return _drop_usual(phase, usual) if isinstance(phase, Mapping) else phase


def _drop_usual(value: Mapping[str, Any], usual: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, own in value.items():
        other = usual.get(key)
        if isinstance(own, Mapping) and isinstance(other, Mapping):
            if inner := _drop_usual(own, other):
                found[key] = inner["peak"] if list(inner) == ["peak"] else inner
        elif own is not None and own != other:
            found[key] = own
    return found


def _walk(values: Sequence[Any], place: str) -> Iterator[tuple[str, list[Any]]]:
    """Yield key and values wherever they differ, as deep as all of them are objects."""
    if not all(isinstance(value, Mapping) for value in values):
        if any(value != values[0] for value in values[1:]):
            yield place, list(values)
        return
    for key in dict.fromkeys(key for value in values for key in value):
        inner = [value.get(key, ABSENT) for value in values]
        name = f"{place}.{key}" if place else str(key)
        if name == "order of phases" and len({frozenset(one) for one in inner if one is not ABSENT}) > 1:
            # Phases that one of them lacks are rows already.
            continue
        yield from _walk(inner, name)
