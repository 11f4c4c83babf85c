"""Reads what is known of the rows of texts that a backbone takes, before it is built."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, cast

import keras

from kerastune_ft.backbones import run as earlier_run
from kerastune_ft.backbones.keras_hub import open_source, read_text_input
from kerastune_ft.backbones.language.language_input import LanguageInput
from kerastune_ft.backbones.text_input import TextInput
from kerastune_ft.config.checks.modality import can_serve
from kerastune_ft.config.options.task_facts import TEXT
from kerastune_ft.rundir import RunDirectory

_ENTRIES = ("text", "language", "pair")
"""The entries of a plan that say how rows of tokens are."""


def read_input(options: Any) -> TextInput | None:
    """Return the tokenizer of a backbone of texts and what is known of its rows; None for another."""
    read = _READERS.get(options.kind)
    return None if read is None else read(options)


def _read_hub(options: Any) -> TextInput | None:
    with keras.StatelessScope(initialize_variables=False):
        source = open_source(options, load_weights=False)
        if not can_serve(source.family.modality, TEXT):
            return None
        return read_text_input(source, LanguageInput if source.family.writes else TextInput)


def _read_run(options: Any) -> TextInput | None:
    plan = earlier_run.plan_of(options)
    if plan.get("inputs") or not any(plan.get(entry) for entry in _ENTRIES):
        return None
    return cast(TextInput, earlier_run.read_input(RunDirectory(options.path), plan))


_READERS: Mapping[str, Callable[[Any], TextInput | None]] = MappingProxyType({"keras_hub": _read_hub, "run": _read_run})
