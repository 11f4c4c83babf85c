"""Turning the name of a preset, with its own options beside it, into phases."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from kerastune_ft.config.documents.nodes import Node, as_node, short_json
from kerastune_ft.config.documents.problems import Problem
from kerastune_ft.config.options.phases import Phase
from kerastune_ft.config.presets import AUTO, PRESETS, Preset
from kerastune_ft.config.words import right_key, unknown_message

_OF_ONE_PHASE = ("name", "unfreeze")


class Expansion(NamedTuple):
    """The phases of a preset, and the keys that are none of theirs."""

    phases: list[Node]
    own: frozenset[str]
    """The preset's own options, and keys of phases that would undo it."""


def expand(node: Node, more: dict[str, Node], defaults: Mapping[str, Node], problems: list[Problem]) -> Expansion:
    """Return the phases of the preset that `node` names, and take its own options out of `more`.

    `more` are the keys beside the name. An option that is not there is taken from the `defaults` of the configuration.
    """
    name, is_known = _find_name(more.pop("preset", node), problems)
    preset = PRESETS[name]
    _take_misspelt(preset, more, problems)
    for key, remedy in preset.instead.items():
        for item in (more.pop(key, None), defaults.get(key)):
            if item is not None and item.value is not None:
                problems.append(Problem(item.name_place, f"the preset {name} has its own way; {remedy}"))
    given = {key: more.pop(key, None) or defaults.get(key) for key in preset.options}
    options = _read_options(preset, given, problems)
    lacking = [key for key in preset.required if key not in given or given[key] is None]
    if lacking and is_known:
        example = json.dumps({"preset": name, **preset.example})
        problems.append(Problem(node.place, f"{name} needs {' and '.join(lacking)}; write {example}", node.plain()))
    if any(key not in options for key in preset.required):
        # After a problem any phases will do, so that the keys beside the name are checked too.
        preset, options = next(iter(PRESETS.values())), {}
    phases = [as_node(phase, node.place.child(index)) for index, phase in enumerate(preset(**options))]
    written = [
        item for option in given.values() if option and isinstance(option.value, dict) for item in option.value.values()
    ]
    return Expansion(
        [_at_written_places(phase, written) for phase in phases],
        frozenset({*PRESETS[name].options, *PRESETS[name].instead}),
    )


def find_preset(schedule: Node | None) -> str | None:
    """Return the name of the preset that `phases`, as written, stands for; None for a list of phases."""
    if schedule is None or isinstance(schedule.value, list):
        return None
    plain = schedule.plain()
    name = plain.get("preset") if isinstance(plain, dict) else plain
    return name if isinstance(name, str) and name in PRESETS else None


def describe_auto(node: Node, defaults: Mapping[str, Node]) -> Node:
    """Return the section `auto` for phases that are left to measurements: their time, and the keys that are set."""
    beside = dict(node.value) if isinstance(node.value, dict) else {}
    preset = PRESETS[AUTO]
    shared = {key: item for key, item in {**defaults, **beside}.items() if key in Phase.model_fields}
    keys = {key: item.plain() for key, item in sorted(shared.items()) if key not in (*_OF_ONE_PHASE, *preset.instead)}
    time = beside.get("time")
    return as_node({"time": None if time is None else time.plain(), "keys": keys, "chosen": None}, node.place)


def find_unasked(document: Node) -> list[Problem]:
    """Return the problem of a section `auto` that is written beside phases other than those that were chosen by it."""
    auto = document.find("auto")
    if auto is None or auto.place.path[:1] != ("auto",) or not isinstance(auto.value, dict):
        return []
    if "chosen" in auto.value and find_preset(document.find("phases")) is None:
        return []
    message = 'remove it: phases that are to be chosen are written as "phases": {"preset": "auto", "time": "20m"}'
    return [Problem(auto.name_place, message)]


def _find_name(node: Node, problems: list[Problem]) -> tuple[str, bool]:
    """Return the name of a preset; after a problem any preset, so that the keys beside it are checked too."""
    name = node.plain()
    if isinstance(name, str) and name in PRESETS:
        return name, True
    if isinstance(name, str):
        message, suggestion = unknown_message(name, PRESETS)
    else:
        message = f"{short_json(name)} is not a schedule; write a list of phases, or a preset: {', '.join(PRESETS)}"
        suggestion = None
    problems.append(Problem(node.place, message, name, suggestion))
    return suggestion or next(iter(PRESETS)), False


def _take_misspelt(preset: Preset, more: dict[str, Node], problems: list[Problem]) -> None:
    """Report keys that are misspelt options of the preset, and take them out."""
    for key in [key for key in more if key not in Phase.model_fields and key not in preset.options]:
        meant, _ = right_key(key, [*preset.options, *Phase.model_fields])
        if meant in preset.options:
            item = more.pop(key)
            problems.append(Problem(item.name_place, f'unknown key; did you mean "{meant}"?', item.plain(), meant))


def _read_options(preset: Preset, given: Mapping[str, Node | None], problems: list[Problem]) -> dict[str, Any]:
    """Return the values of a preset's own options that fit; what does not is reported."""
    options: dict[str, Any] = {}
    for key, item in given.items():
        if item is None or (item.value is None and key not in preset.required):
            continue
        value, rule = item.plain(), preset.options[key]
        if rule.accepts(value):
            options[key] = value
        else:
            problems.append(Problem(item.place, f"{short_json(value)} does not fit; give {rule.allowed}", value))
    for key, message in preset.find_faults(options):
        item = given[key]
        assert item is not None
        problems.append(Problem(item.place, message, item.plain()))
        del options[key]
    return options


def _at_written_places(phase: Node, written: list[Node]) -> Node:
    """Return a phase whose values stand where they are written, if they are those of an option, for messages."""
    by_value = {short_json(item.plain()): item for item in reversed(written)}
    return phase.with_items(
        {
            key: by_value.get(short_json(item.plain()), item) if key == "unfreeze" else item
            for key, item in phase.value.items()
        }
    )
