"""Turning pydantic's errors about option models into problems in plain words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin

from pydantic import Tag, ValidationError
from pydantic_core import ErrorDetails

from kerastune_ft.config.documents.nodes import KeyPath, Node, Place, short_json
from kerastune_ft.config.documents.problems import Problem
from kerastune_ft.config.options.base import Options
from kerastune_ft.config.options.data import SHARES
from kerastune_ft.config.run import RunConfig
from kerastune_ft.config.words import HOMES, right_key, unknown_message
from kerastune_ft.wording import counted

# Examples for keys that are missing or have a wrong type.
EXAMPLES = {
    "task": '{"kind": "image_classification"}',
    "data": '{"kind": "folder", "path": "photos"}',
    "backbone": '{"kind": "applications", "name": "MobileNetV2"}',
    "phases": '"head_then_top"',
    "head": '{"dropout": 0.2}',
    "runtime": '{"strategy": "auto"}',
    "output": '{"directory": "runs"}',
    "defaults": '{"batch_size": 32}',
    "checkpoint": '{"every": "epoch", "keep": 2}',
    "learning_rate": '0.001, or {"peak": 0.001, "shape": "cosine"}',
    "optimizer": '"adamw", or {"name": "sgd", "momentum": 0.9}',
    "augment": '"light", or {"preset": "light", "flip": "none"}',
    "loss": '"focal", or {"name": "focal", "gamma": 2}',
    "views": "4",
    "early_stopping": '{"patience": 4}',
    "unfreeze": '"none", or {"last": 3}, {"fraction": 0.3}, "all"',
    "name": '"head"',
    "path": '"photos"',
    "peak": "0.001",
    "patience": "4",
    "validation": "0.15",
    "train": "0.7",
    "options": '{"alpha": 0.5}',
    "units": '{"block6*": 0.5}',
    "hidden": "[128]",
}
# What stands for nothing, where null is not taken.
_OFF = {"augment": '"none"'}
# What the two numbers of a list are.
PAIRS = {"window": "[centre, width]"}

_WANTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "text in double quotes",
    "tuple_type": "a list",
    "mapping_type": "an object",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
}


def explain_errors(error: ValidationError, document: Node) -> Iterator[Problem]:
    """Yield a problem for every error, with its place in the document as the user wrote it."""
    every = error.errors(include_url=False)
    misspelt = [_problem(details, document) for details in every if details["type"] == "extra_forbidden"]
    meant = {(*one.place.path[:-1], one.suggestion) for one in misspelt}
    yield from misspelt
    for details in every:
        if details["type"] == "extra_forbidden":
            continue
        problem = _problem(details, document)
        if details["type"] != "missing" or problem.place.path not in meant:
            yield problem


def locate(path: KeyPath, document: Node) -> Node:
    """Return the deepest node on a path; steps that the document lacks (tags, short forms) are skipped."""
    node = document
    for step in path:
        node = node.find(step) or node
    return node


def problem_at(path: KeyPath, message: str, document: Node, suggestion: str | None = None) -> Problem:
    """Return a problem at a path of the document, or at the place of its last key if that is missing."""
    holder, node = locate(path[:-1], document), locate(path, document)
    if node is holder and path and isinstance(holder.value, dict):
        return Problem(holder.place.child(path[-1]), message, is_absent=True)
    return Problem(node.place, message, node.plain(), suggestion)


def _problem(details: ErrorDetails, document: Node) -> Problem:
    loc: KeyPath = details["loc"]
    kind = details["type"]
    if kind == "missing":
        return _missing(loc, document)
    if kind == "extra_forbidden":
        return _unknown_key(loc, document)
    if kind == "kind":
        return _unknown_kind(loc, document, details["msg"].split(","))
    node = locate(loc, document)
    message, suggestion = _message(details, node.plain(), loc)
    return Problem(node.place, message, node.plain(), suggestion)


def _missing(loc: KeyPath, document: Node) -> Problem:
    holder = locate(loc[:-1], document)
    # A short form such as a plain number stands for an object; a missing key is reported at its place.
    place = holder.place.child(loc[-1])
    if "@Fractions" in loc:
        # One share alone is useless: they must add up to 1.
        return Problem(place, f'missing; write all shares, as in "splits": {SHARES}', is_absent=True)
    if isinstance(loc[-1], int):
        whole = next(str(step) for step in reversed(loc) if isinstance(step, str) and step[:1] != "@")
        pair = f", {PAIRS[whole]}" if whole in PAIRS else ""
        message = f"has {counted(len(holder.plain()), 'value')}; it is a list of two numbers{pair}"
        return Problem(holder.place, message, holder.plain())
    return Problem(place, f'missing; write "{loc[-1]}": {EXAMPLES.get(str(loc[-1]), "...")}', is_absent=True)


def _unknown_key(loc: KeyPath, document: Node) -> Problem:
    holder, key = locate(loc[:-1], document), str(loc[-1])
    node = holder.find(key)
    place: Place = node.name_place if node else holder.place.child(key)
    allowed = allowed_keys(loc[:-1])
    right, remark = right_key(key, allowed)
    if "every" in allowed and key in ("steps", "minutes", "epoch"):
        wanted = '"epoch"' if key == "epoch" else f'{{"{key}": {10 if node is None else short_json(node.plain())}}}'
        message = f'unknown key here; to say how often, write "every": {wanted}'
    elif right:
        message = f'unknown key; did you mean "{right}"?' + (f" ({remark})" if remark else "")
    elif remark:
        message = f"unknown key; write {remark}"
    elif key in HOMES and key != "name" and not _is_home(loc, HOMES[key]):
        # Many objects have a name.
        message = f"unknown key here; it belongs elsewhere: {HOMES[key]}"
    else:
        message = f"unknown key; allowed are {', '.join(allowed)}"
    return Problem(place, message, node.plain() if node else None, right)


def _is_home(loc: KeyPath, home: str) -> bool:
    """Return whether a key belongs in this object, though perhaps with another `kind`."""
    return any(home == f"in {step}" for step in loc[:-1])


def _unknown_kind(loc: KeyPath, document: Node, kinds: list[str]) -> Problem:
    node = locate(loc, document)
    if not isinstance(node.value, dict):
        wanted = EXAMPLES.get(str(loc[-1]), "an object with a kind")
        return Problem(node.place, f"{short_json(node.plain())} is not an object; write {wanted}", node.plain())
    kind = node.find("kind")
    if kind is None:
        message = f'missing; write "kind": one of {", ".join(kinds)}'
        return Problem(node.place.child("kind"), message, is_absent=True)
    message, suggestion = unknown_message(kind.plain(), kinds)
    return Problem(kind.place, message, kind.plain(), suggestion)


def _message(details: ErrorDetails, value: Any, loc: KeyPath) -> tuple[str, str | None]:
    kind, context = details["type"], details.get("ctx", {})
    if kind == "said":
        return _speak(str(context.get("message", details["msg"])), value), context.get("suggestion")
    if kind == "literal_error":
        return unknown_message(value, _choices(str(context["expected"])))
    if kind in _WANTED:
        return _wrong_type(value, kind, loc), None
    return f"{short_json(value)} {_out_of_range(kind, context)}", None


def _speak(message: str, value: Any) -> str:
    return message if message.startswith(('"', "the ")) else f"{short_json(value)} does not fit; {message}"


def _choices(expected: str) -> list[str]:
    return re.findall(r"'([^']*)'", expected) or [expected]


def _plain_number(number: float) -> float:
    return int(number) if number == int(number) else number


def _out_of_range(kind: str, context: dict[str, Any]) -> str:
    match kind:
        case "greater_than_equal":
            return f"is too small; give at least {_plain_number(context['ge'])}"
        case "greater_than":
            return f"is too small; give a number above {_plain_number(context['gt'])}"
        case "less_than_equal":
            return f"is too large; give at most {_plain_number(context['le'])}"
        case "less_than":
            return f"is too large; give a number below {_plain_number(context['lt'])}"
        case "too_short" | "string_too_short":
            return "is empty; give at least one"
        case "finite_number":
            return "is not finite; give a finite number"
        case "string_pattern_mismatch":
            return "is not a name; use letters, digits, _ and -"
        case _:
            return f"is not allowed ({kind.replace('_', ' ')})"


def _wrong_type(value: Any, kind: str, loc: KeyPath) -> str:
    wanted = _WANTED[kind]
    if loc[-1:] == ("head",) and value in ("new", "keep"):
        return (
            f'{short_json(value)} says which head of an earlier run to use; it belongs in backbone, beside kind "run"'
        )
    if wanted == "an object" and loc and str(loc[-1]) in EXAMPLES:
        wanted = (_OFF if value is None else {}).get(str(loc[-1])) or EXAMPLES[str(loc[-1])]
    if isinstance(value, str) and wanted in ("a number", "a whole number", "true or false"):
        return f"{short_json(value)} is text; write {_without_quotes(value, wanted)}"
    if isinstance(value, float) and wanted == "a whole number" and value.is_integer():
        return f"{short_json(value)} has a decimal point; write {int(value)}"
    return f"{short_json(value)} is {_type_name(value)}; write {wanted}"


def _without_quotes(text: str, wanted: str) -> str:
    is_bare = text in ("true", "false") if wanted == "true or false" else re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", text)
    return f"{text} without quotes" if is_bare else wanted


def _type_name(value: Any) -> str:
    if value is None:
        return "not allowed here"
    for kind, text in (
        (bool, "a truth value"),
        (int, "a number"),
        (float, "a number"),
        (str, "text"),
        (list, "a list"),
    ):
        if isinstance(value, kind):
            return text
    return "an object"


def allowed_keys(loc: KeyPath) -> list[str]:
    """Return the keys allowed in the object at a place, in the order of its model."""
    found: list[tuple[str | None, type[Options]]] = [(None, RunConfig)]
    for step in loc:
        if isinstance(step, int):
            continue
        if step.startswith("@"):
            found = [(tag, model) for tag, model in found if tag == step]
        else:
            found = [one for _, model in found for one in models_of_key(model, step)]
    keys = [info.alias or name for _, model in found for name, info in model.model_fields.items()]
    return list(dict.fromkeys([*keys, "defaults", "extends"] if not loc else keys))


def models_of_key(model: type[Options], key: str) -> Iterator[tuple[str | None, type[Options]]]:
    """Yield the models that a key's value may have, each with its tag in the union."""
    for name, info in model.model_fields.items():
        if key in (name, info.alias):
            yield from _models(info.annotation, None)


def _models(annotation: Any, tag: str | None) -> Iterator[tuple[str | None, type[Options]]]:
    if isinstance(annotation, type) and issubclass(annotation, Options):
        yield tag, annotation
    elif get_origin(annotation) is Annotated:
        inner, *metadata = get_args(annotation)
        tags = [one.tag for one in metadata if isinstance(one, Tag)]
        yield from _models(inner, tags[0] if tags else tag)
    else:
        for inner in get_args(annotation):
            yield from _models(inner, tag)
