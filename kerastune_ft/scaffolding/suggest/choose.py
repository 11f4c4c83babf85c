"""Suggestions by modality."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kerastune_ft.config.options.task_facts import AUDIO, IMAGE, TEXT
from kerastune_ft.scaffolding.findings import DataFindings
from kerastune_ft.scaffolding.suggest import images, sounds, texts

_BY_MODALITY: Mapping[str, Callable[[DataFindings, dict[str, Any] | None], dict[str, Any]]] = {
    IMAGE: images.suggest,
    TEXT: texts.suggest,
    AUDIO: sounds.suggest,
}


def suggest(findings: DataFindings, wanted: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the rest of a configuration: backbone, head where it is not the default, defaults and phases.

    `wanted` is the backbone that the user names, if any.
    """
    return _BY_MODALITY[findings.modality](findings, wanted)
