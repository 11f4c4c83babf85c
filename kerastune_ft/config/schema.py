"""The JSON schema of configurations, for editors, and all default values; both come from the option models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from kerastune_ft.config.checks.messages import models_of_key
from kerastune_ft.config.options.base import Options
from kerastune_ft.config.options.phases import Phase
from kerastune_ft.config.options.trackers import KINDS as TRACKERS
from kerastune_ft.config.options.updates.optimizers import OPTIMIZER_OPTIONS
from kerastune_ft.config.presets import PRESETS
from kerastune_ft.config.run import RunConfig

_COMMENT = {"description": "a key that begins with // is a comment"}
# Keys of one phase only; defaults may have the others.
_OWN = ("name", "unfreeze")
# What backbones of several inputs are listed as, which have no kind of their own.
_SEVERAL = "several"


def json_schema() -> dict[str, Any]:
    """Return the JSON schema of a configuration file, short forms and comments included."""
    schema = _tidy(RunConfig.model_json_schema(by_alias=True))
    definitions = schema["$defs"]
    _require_kinds(definitions)
    _add_short_forms(definitions)
    definitions["Phase"]["required"] = list(_OWN)
    settings = {key: one for key, one in definitions["Phase"]["properties"].items() if key not in _OWN}
    schema["properties"] |= {
        "$schema": {"type": "string", "description": "this schema, for editors"},
        "extends": {"type": "string", "description": "a file that this one extends, relative to this file"},
        "defaults": _close({"description": "values for all phases that do not set their own", "properties": settings}),
        "phases": _phases(schema["properties"]["phases"], settings),
    }
    required = schema.pop("required")
    schema["anyOf"] = [{"required": ["extends"]}, {"required": required}]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "kerastune_ft run configuration",
        **schema,
    }


def _tidy(value: Any) -> Any:
    """Return a schema without generated titles and repeated branches, with comments allowed in objects."""
    if isinstance(value, list):
        return [_tidy(item) for item in value]
    if not isinstance(value, dict):
        return value
    tidy = {key: _tidy(one) for key, one in value.items() if not (key == "title" and isinstance(one, str))}
    branches = tidy.pop("oneOf", None)
    if branches is not None:
        tidy["anyOf"] = [one for index, one in enumerate(branches) if one not in branches[:index]]
    return _close(tidy) if tidy.get("additionalProperties") is False else tidy


def _close(schema: dict[str, Any]) -> dict[str, Any]:
    comments = {"patternProperties": {"^//": _COMMENT}}
    return {"type": "object", "additionalProperties": False, **schema, **comments}


def _require_kinds(definitions: dict[str, Any]) -> None:
    for definition in definitions.values():
        if "kind" in definition.get("properties", {}):
            definition["required"] = ["kind", *(one for one in definition.get("required", ()) if one != "kind")]


def _add_short_forms(definitions: dict[str, Any]) -> None:
    rate = definitions["RatePolicy"]
    definitions["RatePolicy"] = {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, rate]}
    augment = definitions["Augment"]
    presets = {key: one for key, one in augment["properties"]["preset"].items() if key == "enum"}
    definitions["Augment"] = {"anyOf": [presets, augment]}
    loss = definitions["PhaseLoss"]
    definitions["PhaseLoss"] = {"anyOf": [{"enum": loss["properties"]["name"]["enum"]}, loss]}
    optimizer = definitions["Optimizer"]
    names = {"enum": list(OPTIMIZER_OPTIONS)}
    options = sorted({option for table in OPTIMIZER_OPTIONS.values() for option in table})
    optimizer["properties"] |= {
        option: {"type": ["number", "boolean"], "description": "an option of some optimizers"} for option in options
    }
    definitions["Optimizer"] = {"anyOf": [names, optimizer]}
    definitions["Output"]["properties"]["trackers"]["items"]["anyOf"].insert(0, {"enum": list(TRACKERS)})


def _phases(phases: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    description = phases.pop("description")
    names = {
        "enum": [name for name, preset in PRESETS.items() if not preset.required],
        "description": " ".join(f"{name}: {preset.description}" for name, preset in PRESETS.items()),
    }
    preset = {"enum": list(PRESETS), "description": "the schedule whose phases get the other keys"}
    changed = _close({"properties": {"preset": preset, **settings, **_preset_options()}, "required": ["preset"]})
    return {"description": description, "anyOf": [phases, names, changed]}


def _preset_options() -> dict[str, Any]:
    """Return the keys that are options of some presets, and of no phase."""
    of: dict[str, list[str]] = {}
    allowed: dict[str, str] = {}
    for name, preset in PRESETS.items():
        for key, rule in preset.options.items():
            of.setdefault(key, []).append(name)
            allowed[key] = rule.allowed
    own = (key for key in of if key not in Phase.model_fields)
    return {key: {"description": f"of the preset {', '.join(of[key])}: {allowed[key]}"} for key in own}


def defaults() -> dict[str, Any]:
    """Return all defaults by key, separately for every kind; keys without a default are "required"."""
    values = _defaults_of(RunConfig)
    for slot in ("task", "data", "backbone"):
        values[slot] = dict(_defaults_by_kind(slot))
    return {**values, "phases": [_defaults_of(Phase)]}


def _defaults_by_kind(slot: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for _, model in models_of_key(RunConfig, slot):
        found = _defaults_of(model)
        if "kind" not in model.model_fields:
            # Backbones of several inputs, each of which is of one of the other kinds.
            yield _SEVERAL, found
            continue
        # Where a kind has to be written it has no default; of several spellings the first is the current one.
        kind, *_ = get_args(model.model_fields["kind"].annotation)
        yield kind, {**found, "kind": kind}


def _defaults_of(model: type[Options]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        values[info.alias or name] = "required" if info.is_required() else _plain(info.default)
    return values


def _plain(value: Any) -> Any:
    if hasattr(value, "to_json"):
        return value.to_json()
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value
