"""Suggesting backbones, head and schedule for pictures with texts, numbers and words beside them."""

from __future__ import annotations

import json
from typing import Any

from kerastune_ft.scaffolding.findings import DataFindings
from kerastune_ft.scaffolding.suggest import images, texts

_WHY_HIDDEN = "one hidden layer, so that pictures and columns are weighed together and not only added"
_WHY_HEAD = "the new head on what the backbones know: with a second backbone, what else is to train is yours to say"


def suggest(findings: DataFindings, wanted: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the rest of a configuration for pictures and what stands beside them in a table.

    `wanted` is the backbone of the pictures that the user names, if any, or both by their inputs.
    """
    found, inputs = images.suggest(findings, wanted), dict(findings.data["input"])
    reader = texts.backbone(findings) if inputs.get("text") else None
    if reader is not None and texts.is_random(reader):
        _leave_out_text(findings, inputs)
        reader = None
    if len(inputs) == 1:
        return found
    head: dict[str, Any] = {"// hidden": _WHY_HIDDEN, "hidden": [64]}
    if reader is None:
        return {"backbone": found["backbone"], "head": head, **{key: found[key] for key in ("defaults", "phases")}}
    is_one = "kind" in found["backbone"]
    backbone = {"image": found["backbone"], "text": reader} if is_one else found["backbone"]
    first = {**found["phases"][0], "// name": _WHY_HEAD}
    return {"backbone": backbone, "head": head, "defaults": found["defaults"], "phases": [first]}


def _leave_out_text(findings: DataFindings, inputs: dict[str, Any]) -> None:
    """Leave the text out of the inputs: a backbone that never saw a language says nothing of it."""
    name = inputs.pop("text")
    findings.data["input"] = inputs["image"] if len(inputs) == 1 else inputs
    findings.seen.append(
        f'the texts in "{name}" are left out: no preset that reads texts is in Kaggle\'s cache or reachable from here; '
        f'with one, write "text": {json.dumps(name, ensure_ascii=False)} in data.input, and a backbone for each'
    )
