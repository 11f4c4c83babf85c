"""Writing a learning rate into a configuration file, everything else in it staying as it is, to the character."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from kerastune_ft.config.compose import with_base, with_phases
from kerastune_ft.config.documents.files import SHIPPED, find
from kerastune_ft.config.documents.json_parser import parse
from kerastune_ft.config.documents.nodes import Node, Place
from kerastune_ft.config.documents.problems import Problem
from kerastune_ft.config.expansion import find_preset
from kerastune_ft.durable import write_whole
from kerastune_ft.errors import ConfigError, explain_write

_DECODER = json.JSONDecoder(strict=False)


class Change(NamedTuple):
    """A configuration file with another rate in it, not yet written."""

    path: Path
    content: bytes
    replaced: str
    """The text in whose place the rate is."""


def write_rate(source: str | Path, phase: str, rate: float) -> tuple[Path, str]:
    """Write the peak rate of a phase into a configuration file, see `change_rate`; return the file and what was there.

    Raises ConfigError where the file cannot be written.
    """
    change = change_rate(source, phase, rate)
    try:
        write_whole(f"{change.path}.partial", str(change.path), change.content)
    except OSError as error:
        raise explain_write(change.path, error) from error
    return change.path, change.replaced


def change_rate(source: str | Path, phase: str, rate: float) -> Change:
    """Return a configuration file with the peak rate of a phase in it.

    Comments and layout stay. A preset becomes the list of its phases, since its rates are nowhere to write. Raises
    ConfigError where the rate is not in this file alone: it comes with the package, or the phases from another file.
    """
    path = find(source)
    if path.is_relative_to(SHIPPED):
        raise ConfigError(
            f"{source} comes with the package; copy it first (python -m kerastune_ft init --example {source})"
        )
    content = path.read_bytes()
    mark = content[:3] if content.startswith(b"\xef\xbb\xbf") else b""
    text = content[len(mark) :].decode()
    document, _ = parse(text, str(path))
    written, value = _find_change(path, document, phase, rate)
    start, end = _find_span(text, written)
    changed = text[:start] + value + text[end:]
    return Change(path, mark + changed.encode(), text[start:end])


def _find_change(path: Path, own: Node, phase: str, rate: float) -> tuple[Place, str]:
    """Return the place of the value to replace in a file, and the text to put there."""
    problems: list[Problem] = []
    whole, _ = with_base(own, path.parent, problems, (path.resolve(),))
    schedule = whole.find("phases")
    where = f"{path}: the learning rate of phase {phase}"
    if schedule is None or schedule.place.file != str(path):
        raise ConfigError(f"{where} is not in this file, but in one that it extends; write the phases here")
    if find_preset(schedule) is not None:
        phases = (with_phases(whole, problems).find("phases") or schedule).plain()
        return schedule.place, _list_phases(phases, phase, rate)
    phases = schedule.value if isinstance(schedule.value, list) else []
    own_phase = next((each for each in phases if (name := each.find("name")) and name.value == phase), None)
    if own_phase is None:
        raise ConfigError(f"{where} is not in this file, whose phases are others; write the phase here")
    policy = own_phase.find("learning_rate")
    if policy is None:
        raise ConfigError(f"{where} is written in defaults, for all phases; write it in the phase: {rate:g}")
    peak = policy.find("peak") or policy
    return peak.place, json.dumps(rate)


def _list_phases(phases: list[dict[str, object]], phase: str, rate: float) -> str:
    """Return the phases of a preset as JSON, one a line, with the rate in its place."""
    for each in phases:
        if each["name"] == phase:
            policy = each["learning_rate"]
            each["learning_rate"] = {**policy, "peak": rate} if isinstance(policy, dict) else rate
    lines = ",\n  ".join(json.dumps(each, ensure_ascii=False) for each in phases)
    return f"[\n  {lines}\n ]"


def _find_span(text: str, place: Place) -> tuple[int, int]:
    """Return where a value begins and ends in the text of its file."""
    assert place.line is not None and place.column is not None
    start = sum(len(line) + 1 for line in text.split("\n")[: place.line - 1]) + place.column - 1
    _, end = _DECODER.raw_decode(text, start)
    return start, end
