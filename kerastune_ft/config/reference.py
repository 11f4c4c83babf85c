"""The reference of all keys of a configuration as a Markdown page, written from the schema and so from the models."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kerastune_ft.config.options.updates.optimizers import OPTIMIZER_OPTIONS
from kerastune_ft.config.presets import PRESETS
from kerastune_ft.config.schema import json_schema

_TITLES = {
    "EarlierRun": "An earlier run",
    "KerasHub": "keras-hub",
    "RatePolicy": "Learning rate",
    "TfdsData": "TensorFlow Datasets",
    "Lora": "LoRA",
    "PhaseLoss": "Loss of a phase",
}
_LIMITS = (("minimum", "from"), ("exclusiveMinimum", "above"), ("maximum", "to"), ("exclusiveMaximum", "below"))
_SHARED = "Every kind of data"
_HEADER = "| key | values | default | what it is |\n|---|---|---|---|"
_NO_DEFAULT = object()


def reference() -> str:
    """Return the tables of all keys: values, default and meaning, a section for every object of the format."""
    schema = json_schema()
    definitions = schema["$defs"]
    parts = ["## Top level", _table(schema["properties"], schema["anyOf"][1]["required"])]
    shared = _shared_keys(definitions)
    for name in _in_order(schema["properties"], definitions):
        if name.endswith("Data") and f"## {_SHARED}" not in parts:
            parts += [f"## {_SHARED}", "Keys that all kinds of data have.", _table(shared, ())]
        parts += [f"## {_title(name)}", *_introduction(definitions[name])]
        body = _object(definitions[name])
        if body is not None:
            keys = {key: one for key, one in body["properties"].items() if not _is_shared(name, key, shared)}
            parts.append(_table(keys, body.get("required", ())))
    parts += ["## Presets of phases", "| preset | what it is | source |\n|---|---|---|\n" + "\n".join(_presets())]
    parts += ["## Options of optimizers", "| optimizer | options |\n|---|---|\n" + "\n".join(_optimizers())]
    return "\n\n".join(parts) + "\n"


def _presets() -> Iterator[str]:
    for name, preset in PRESETS.items():
        yield f"| `{name}` | {preset.description} | {preset.source} |"


def _optimizers() -> Iterator[str]:
    for name, options in OPTIMIZER_OPTIONS.items():
        yield f"| `{name}` | {_words(options)} |"


def _shared_keys(definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys that all kinds of data have in the same form."""
    kinds = [one["properties"] for name, one in definitions.items() if name.endswith("Data")]
    return {key: one for key, one in kinds[0].items() if all(kind.get(key) == one for kind in kinds)}


def _is_shared(name: str, key: str, shared: Mapping[str, Any]) -> bool:
    if name == "Optimizer":
        # Options stand beside the name, and have a table of their own.
        return key != "name"
    return name.endswith("Data") and key in shared


def _in_order(value: Any, definitions: Mapping[str, Any], seen: set[str] | None = None) -> Iterator[str]:
    """Yield the names of definitions in the order in which a reader meets them."""
    seen = set() if seen is None else seen
    if isinstance(value, list):
        for one in value:
            yield from _in_order(one, definitions, seen)
    elif isinstance(value, dict):
        name = value.get("$ref", "").rpartition("/")[2]
        if name and name not in seen:
            seen.add(name)
            yield name
            yield from _in_order(definitions[name], definitions, seen)
        for one in value.values():
            yield from _in_order(one, definitions, seen)


def _title(name: str) -> str:
    return _TITLES.get(name) or re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).capitalize()


def _anchor(name: str) -> str:
    return "#" + re.sub(r"[^a-z0-9 -]", "", _title(name).lower()).replace(" ", "-")


def _object(schema: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the form of a definition that is an object with keys."""
    forms = (schema, *schema.get("anyOf", ()))
    return next((dict(form) for form in forms if form.get("properties")), None)


def _introduction(schema: Mapping[str, Any]) -> Iterator[str]:
    described = (_object(schema) or schema).get("description", "")
    yield _paragraph(str(described))
    words = [one for form in schema.get("anyOf", ()) for one in form.get("enum", ())]
    if words:
        yield _paragraph(f"Instead of the object a word may stand alone: {_words(words)}")


def _paragraph(text: str) -> str:
    sentence = text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
    return textwrap.fill(sentence, 120, break_long_words=False, break_on_hyphens=False)


def _table(properties: Mapping[str, Any], required: Sequence[str]) -> str:
    lines = [_HEADER]
    for key, schema in properties.items():
        default = "required" if key in required else _default(schema)
        meaning = _escape(schema.get("description", ""))
        lines.append(f"| `{key}` | {_values(schema)} | {default} | {meaning} |")
    return "\n".join(lines)


def _default(schema: Mapping[str, Any]) -> str:
    value = schema.get("default", _NO_DEFAULT)
    return "" if value is _NO_DEFAULT else f"`{_escape(json.dumps(value, ensure_ascii=False))}`"


def _values(schema: Mapping[str, Any]) -> str:
    """Return what may be written, in words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{_title(name)}]({_anchor(name)})"
    if "anyOf" in schema:
        return ", ".join(dict.fromkeys(_values(form) for form in schema["anyOf"]))
    if "const" in schema:
        return _words([schema["const"]])
    return _words(schema["enum"]) if "enum" in schema else _by_type(schema)


def _by_type(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    if kind == "array" and "prefixItems" in schema:
        return f"list: {', '.join(_values(item) for item in schema['prefixItems'])}"
    if kind == "array":
        return f"list of: {_values(schema['items'])}"
    if kind == "object" and "properties" in schema:
        required = schema.get("required", ())
        return f"object with {_words(required)}" if required else f"keys of a [{_title('Phase')}]({_anchor('Phase')})"
    if kind == "object":
        values = schema.get("additionalProperties")
        return f"map to: {_values(values)}" if isinstance(values, dict) else "map"
    names = {"integer": "whole number", "string": "text", "boolean": "`true`, `false`", "null": "`null`"}
    limits = [f"{word} {schema[key]}" for key, word in _LIMITS if key in schema]
    return " ".join([names.get(str(kind), str(kind)), *limits])


def _words(values: Any) -> str:
    return ", ".join(f"`{_escape(str(value))}`" for value in values)


def _escape(text: str) -> str:
    return str(text).replace("|", "\\|")
