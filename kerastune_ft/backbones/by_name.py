"""Finds the backbone that a word on the command line names: an architecture, class, preset, run or file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from kerastune_ft.config.documents.files import shipped_names
from kerastune_ft.config.facts.applications import APPLICATIONS
from kerastune_ft.config.facts.hub_families import BY_CLASS
from kerastune_ft.config.options.backbones import WEIGHTS_ALONE, Applications, EarlierRun, KerasHub, Saved
from kerastune_ft.config.read import read
from kerastune_ft.config.words import nearest
from kerastune_ft.errors import ConfigError
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.storage import expand_home

_HUBS = ("kaggle://", "hf://", "modelscope://")
# Presets are named like bert_base_en, and no architecture of Keras is.
_PRESET = re.compile(r"[a-z0-9.]+(_[a-z0-9.]+)+")


def options_by_name(name: str) -> Any:
    """Return the options of the backbone of that name, or None where the word names a configuration.

    Raises ConfigError for a word that names neither.
    """
    name = expand_home(name)
    if name in APPLICATIONS:
        return Applications(name=name, weights=None)
    if name in BY_CLASS:
        return KerasHub.model_validate({"class": name})
    if name.startswith(_HUBS) or _is_preset_directory(name):
        return KerasHub(preset=name)
    if RunDirectory(name).exists("config.json"):
        run = RunDirectory(name)
        # A finished run has its own model, even if what it was made from is gone.
        has_model = run.exists("model/model.keras")
        return EarlierRun(path=name) if has_model else read(run.read_json("config.json")).backbone
    if name.endswith(".keras"):
        return Saved(path=name)
    if name.endswith(WEIGHTS_ALONE):
        raise ConfigError(
            f"{name} holds weights and no model; its units are those of the architecture, as in: "
            "python -m kerastune_ft units MobileNetV2"
        )
    if Path(name).suffix or Path(name).exists() or name in shipped_names():
        return None
    near = nearest(name, (*APPLICATIONS, *BY_CLASS))
    if not near and _PRESET.fullmatch(name):
        return KerasHub(preset=name)
    raise ConfigError(
        f"{name!r} is no backbone, configuration or run; {f'did you mean {near}? ' if near else ''}"
        "see: python -m kerastune_ft backbones"
    )


def _is_preset_directory(name: str) -> bool:
    return (Path(name) / "metadata.json").is_file() and (Path(name) / "config.json").is_file()
