"""The page of a check: findings with their pictures, texts and sounds inside it."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from kerastune_ft.config.options.task_facts import AUDIO, IMAGE, LANGUAGE, MASKED, PAIR, SEVERAL_INPUTS, SPEECH, TEXT
from kerastune_ft.inspection.findings import Inspection, Row
from kerastune_ft.reporting.page import templates
from kerastune_ft.training.evaluation.pictures import MediaFile
from kerastune_ft.training.evaluation.show_dialogues import show_dialogues
from kerastune_ft.training.evaluation.show_images import show_images
from kerastune_ft.training.evaluation.show_several import show_several
from kerastune_ft.training.evaluation.show_sounds import show_sounds
from kerastune_ft.training.evaluation.show_texts import show_texts
from kerastune_ft.training.session.session import Session

_SHOWN, _TOGETHER = 40, 4
"""The rows of a finding, and the examples of a row, that are shown."""
_LONGEST_TEXT = 600
_SHOW = {
    IMAGE: show_images,
    TEXT: show_texts,
    AUDIO: show_sounds,
    LANGUAGE: show_dialogues,
    MASKED: show_texts,
    PAIR: show_dialogues,
    SPEECH: show_sounds,
    SEVERAL_INPUTS: show_several,
}
_TYPES = {"png": "image/png", "jpg": "image/jpeg", "wav": "audio/wav"}


def write_page(found: Inspection, document: Mapping[str, Any], line: str, session: Session | None) -> str:
    """Return the page; `document` is the JSON object of the check, `line` what to paste into the configuration.

    Without a session no example is shown, nor named.
    """
    shown = {} if session is None else _show(found, session)
    sections = [
        {
            **finding,
            "rows": [
                {**described, "examples": _join(described["examples"], row, shown)}
                for described, row in zip(finding["rows"][:_SHOWN], each.rows, strict=False)
            ]
            if session is not None
            else [],
            "left": len(each.rows) - _SHOWN,
        }
        for finding, each in zip(document["findings"], found.findings, strict=True)
    ]
    return templates.render("inspection.html", **{**document, "findings": sections}, line=line, shows=bool(shown))


def _join(
    described: Sequence[Mapping[str, Any]], row: Row, shown: Mapping[int, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    pairs = zip(described[:_TOGETHER], row.positions, strict=False)
    return [{**about, **shown.get(position, {})} for about, position in pairs]


def _show(found: Inspection, session: Session) -> dict[int, dict[str, Any]]:
    """Return by position what shows an example: pictures as data URIs, texts, a sound, and cells by column."""
    wanted = sorted(
        {
            position
            for finding in found.findings
            for row in finding.rows[:_SHOWN]
            for position in row.positions[:_TOGETHER]
        }
    )
    if not wanted:
        return {}
    numbers = {key: index for index, key in enumerate(session.source.keys)}
    indices = [numbers[found.examples[position].key] for position in wanted]
    shown = _SHOW[session.config.modality](session, indices)
    return {position: _embed(about, files) for position, (about, files) in zip(wanted, shown, strict=True)}


def _embed(about: Mapping[str, Any], files: Sequence[MediaFile]) -> dict[str, Any]:
    encoded = [
        (file.suffix, f"data:{_TYPES[file.suffix]};base64,{base64.b64encode(file.content).decode('ascii')}")
        for file in files
    ]
    texts = [text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]} …" for text in about.get("texts") or ()]
    return {
        "pictures": [uri for suffix, uri in encoded if suffix != "wav"],
        "sound": next((uri for suffix, uri in encoded if suffix == "wav"), None),
        "texts": texts,
        "cells": {
            name: "missing" if value in (None, "") else value for name, value in about.get("columns", {}).items()
        },
    }
