"""Applying `--set PATH=VALUE` to a configuration."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from kerastune_ft.config.compose import LENGTHS, select_keys, with_phases
from kerastune_ft.config.documents.json_parser import BrokenDocument, parse
from kerastune_ft.config.documents.nodes import KeyPath, Node, Place, as_node, format_path, short_json
from kerastune_ft.config.documents.problems import SET, Problem
from kerastune_ft.config.expansion import find_preset
from kerastune_ft.config.options.phases import Phase
from kerastune_ft.config.presets import AUTO, PRESETS
from kerastune_ft.config.replacements import remove_excluded

_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_TARGET = re.compile(r"[^.\[\]]+(\.[^.\[\]]+|\[\d+\])*")
# The key that the short form of a value stands for.
SHORT_FORMS = {"learning_rate": "peak", "augment": "preset", "optimizer": "name", "loss": "name"}
# Objects with exactly one key: another key replaces it.
_ONE_KEY = ("unfreeze", "every")
# Keys of a phase that no two phases share.
_OF_ONE_PHASE = ("name", "unfreeze")


class _Unreachable(Exception):
    """The target of an override does not exist; the message explains why."""


def with_overrides(document: Node, overrides: Sequence[str], problems: list[Problem]) -> tuple[Node, list[str]]:
    """Apply overrides in order, and return sentences about the keys they replaced; those of phases come last.

    So presets see the others. `phases.KEY` sets a key of all phases, or of the phase that is called so.
    """
    parsed = [one for text in overrides if (one := _parse(text, problems))]
    said: list[str] = []
    for path, value in sorted(parsed, key=lambda one: one[0][0] == "phases"):
        if path[0] == "phases" and len(path) > 1:
            if find_preset(document.find("phases")) == AUTO:
                document = _set_beside_auto(document, path, value, problems)
                continue
            document = with_phases(document, problems)
        document, replaced = remove_excluded(document, path, value)
        said += replaced
        try:
            for each in _find_targets(document, path):
                document = _replace(document, each, (), value)
        except _Unreachable as error:
            message = f"{error}{_remedy(path, value, document)}"
            problems.append(Problem(value.place, message, value.plain()))
    return document, said


def _set_beside_auto(document: Node, path: KeyPath, value: Node, problems: list[Problem]) -> Node:
    """Return the document with a key of all phases set, where these are still to be chosen and none has a name."""
    node = document.find("phases")
    if node is None or path[1] not in (*Phase.model_fields, *PRESETS[AUTO].options):
        message = (
            "the phases are chosen when the run begins, so that none has a name yet; set a key of all of them, as in "
            "phases.epochs=5"
        )
        problems.append(Problem(value.place, message, value.plain()))
        return document
    written = node if isinstance(node.value, dict) else replace(node, value={"preset": node})
    return _replace(document.with_items({**document.value, "phases": written}), path, (), value)


def _find_targets(document: Node, path: KeyPath) -> list[KeyPath]:
    """Return the paths that an override sets: its own, or for a key of all phases one in each that it applies to."""
    phases = document.find("phases")
    if len(path) < 2 or path[0] != "phases" or phases is None or not isinstance(phases.value, list):
        return [path]
    names = [name.plain() for phase in phases.value if (name := phase.find("name"))]
    if path[1] in names or path[1] not in Phase.model_fields or path[1] in _OF_ONE_PHASE:
        return [path]
    places = range(len(phases.value))
    key = {str(path[1]): Node(True, phases.place)}
    return [
        ("phases", at, *path[1:])
        for at in places
        if isinstance(phases.value[at].value, dict) and select_keys(key, phases.value[at], phases.value)
    ]


def _remedy(path: KeyPath, value: Node, document: Node) -> str:
    """Return how to set a key that every phase has its own of, if the target names no phase."""
    phases = document.find("phases")
    if path[0] != "phases" or len(path) < 2 or path[1] not in Phase.model_fields or phases is None or not phases.value:
        return ""
    first = phases.value[0].find("name")
    name = first.plain() if first else 0
    return f"; write {format_path(('phases', name, *path[1:]))}={_value_text(value)}"


def _value_text(value: Node) -> str:
    plain = value.plain()
    return plain if isinstance(plain, str) else short_json(plain)


def _parse(text: str, problems: list[Problem]) -> tuple[KeyPath, Node] | None:
    target, equals, written = text.partition("=")
    target = target.strip()
    if not equals or not _TARGET.fullmatch(target):
        problems.append(Problem(Place(SET, (text,)), "write PATH=VALUE, as in phases.head.epochs=2 or seed=3"))
        return None
    path: KeyPath = tuple(int(index) if index else key for key, index in _STEP.findall(target))
    place = Place(SET, path)
    if path[0] == "extends":
        problems.append(Problem(place, "it cannot be set from the command line; write it in the file", written))
        return None
    try:
        node, faults = parse(written, SET)
    except BrokenDocument as broken:
        if written.lstrip()[:1] in ("{", "["):
            problems.append(Problem(place, f"{written} is not JSON: {broken}", written))
            return None
        return path, Node(written, place)
    return path, Node(written, place) if faults else as_node(node.plain(), place)


def _replace(node: Node, path: KeyPath, done: KeyPath, value: Node) -> Node:
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(node.value, list):
        index = _index(node, step, done)
        items = list(node.value)
        items[index] = _replace(items[index], rest, (*done, index), value)
        return replace(node, value=items)
    if isinstance(step, int):
        raise _Unreachable(f"{format_path(done)} is not a list, so it has no [{step}]")
    inside = _as_object(node, done)
    child = inside.get(step) or Node({}, replace(value.place, path=(*done, step)))
    inside[step] = _replace(child, rest, (*done, step), value)
    if (
        not rest
        and value.value is not None
        and LENGTHS.get(step) in inside
        and done[:1] in (("phases",), ("defaults",))
    ):
        del inside[LENGTHS[step]]
    return node.with_items(inside)


def _as_object(node: Node, done: KeyPath) -> dict[str, Node]:
    last = done[-1] if done else ""
    if node.value is None or last in _ONE_KEY:
        return {}
    if isinstance(node.value, dict):
        return dict(node.value)
    if last in SHORT_FORMS:
        return {SHORT_FORMS[str(last)]: node}
    raise _Unreachable(f"{format_path(done)} is {short_json(node.plain())}, which has no keys")


def _index(node: Node, step: str | int, done: KeyPath) -> int:
    if isinstance(step, int):
        if step < len(node.value):
            return step
        raise _Unreachable(f"{format_path(done)} has {len(node.value)} items, counted from [0]")
    names = [item.find("name") for item in node.value]
    plain = [name.plain() if name else None for name in names]
    if done == ("phases",) and step in plain:
        return plain.index(step)
    if done == ("phases",):
        raise _Unreachable(
            f'no phase is named "{step}"; the phases are {", ".join(one for one in plain if isinstance(one, str))}'
        )
    raise _Unreachable(f"{format_path(done)} is a list; write {format_path(done)}[0] for its first item")
