"""A few sentences about a proposal: what was guessed, and why."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from kerastune_ft.scaffolding.propose import Proposal
from kerastune_ft.wording import counted

_CLASSES_SHOWN = 6
_MARK = "// "
# Reasons that say nothing which whoever is told did not say, and none at all.
_KNOWN = (None, "given by --label", "given by --backbone")


def describe(proposal: Proposal) -> list[str]:
    """Return what a proposal says about data, backbone and schedule, with its reasons, a sentence each."""
    document = proposal.document
    return [
        f"{document.get('name', 'data')}: {counted(proposal.examples, 'example')}{_name_classes(proposal)}, "
        f"{proposal.task}",
        *_explain("task", document["task"], ("kind", "positive", "multi_label", "classes")),
        *_explain("data", document["data"], ("input", "label", "group", "splits")),
        *_explain("data", document["data"], _others(document["data"], ("input", "label", "group", "splits"))),
        f"backbone: {_describe_backbone(document['backbone'])}",
        f"schedule: {_describe_schedule(document['phases'])}",
        *_explain("defaults", document.get("defaults", {}), _others(document.get("defaults", {}), ())),
        *proposal.seen,
        *(f"please check: {question}" for question in proposal.asks),
    ]


def _name_classes(proposal: Proposal) -> str:
    counts = proposal.counts
    if not counts:
        return ""
    noun = "labels" if proposal.is_multi_label else "classes"
    largest = sorted(counts.items(), key=lambda item: -item[1])
    shown = ", ".join(f"{name} {count:,}" for name, count in largest[:_CLASSES_SHOWN])
    more = f", ... {largest[-1][0]} {largest[-1][1]:,}" if len(largest) > _CLASSES_SHOWN else ""
    return f" of {len(counts)} {noun} ({shown}{more})"


def _others(section: Mapping[str, Any], known: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(key for key in section if not key.startswith("//") and key not in known)


def _explain(place: str, section: Mapping[str, Any], keys: tuple[str, ...]) -> Iterator[str]:
    """Yield for each of the keys that has a reason its value and that reason."""
    for key in keys:
        if section.get(f"{_MARK}{key}") not in _KNOWN:
            yield f"{place}.{key} {_write(section[key])}: {section[_MARK + key]}"


def _write(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _describe_backbone(backbone: Mapping[str, Any]) -> str:
    name = next((backbone[key] for key in ("name", "preset", "class", "path") if key in backbone), backbone.get("kind"))
    weights = f" ({backbone['weights']} weights)" if backbone.get("weights") else ""
    reasons = [str(value) for key, value in backbone.items() if key.startswith(_MARK)]
    return f"{name}{weights}" + (f": {'; '.join(reasons)}" if reasons else "")


def _describe_schedule(phases: Any) -> str:
    if isinstance(phases, Mapping):
        epochs = f", {counted(phases['epochs'], 'epoch')} a phase" if "epochs" in phases else ""
        reason = phases.get(f"{_MARK}preset")
        return f"{phases.get('preset')}{epochs}" + (f"; {reason}" if reason else "")
    if isinstance(phases, list | tuple):
        return "; ".join(_describe_phase(phase) for phase in phases if isinstance(phase, Mapping))
    return str(phases)


def _describe_phase(phase: Mapping[str, Any]) -> str:
    length = next((counted(phase[key], key[:-1]) for key in ("epochs", "steps") if isinstance(phase.get(key), int)), "")
    reasons = [str(value) for key, value in phase.items() if key.startswith(_MARK)]
    return " ".join(
        filter(None, [str(phase.get("name", "phase")), length, f"({'; '.join(reasons)})" if reasons else ""])
    )
