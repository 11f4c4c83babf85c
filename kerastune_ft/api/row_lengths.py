"""Measuring the rows of texts for a configuration that is proposed, where the preset is on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kerastune_ft import keras_settings
from kerastune_ft.api.engine import load_engine
from kerastune_ft.config.read import read
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.scaffolding.measured_rows import RowLengths, measure_rows


def measure_local(document: Mapping[str, Any]) -> RowLengths | None:
    """Return the rows of the texts of a configuration; None for a preset that is not here.

    None too for data and presets that cannot be opened: the plan, which comes next, says why.
    """
    try:
        settings = read(document)
        if not _is_here(str(document["backbone"]["preset"])):
            return None
        keras_settings.refuse_foreign()
        load_engine(settings)
        return measure_rows(settings)
    except (ConfigError, DataError):
        return None


def _is_here(preset: str) -> bool:
    """Return whether a preset is a directory, or in the cache of its hub; nothing is downloaded for it."""
    if Path(preset).is_dir():
        return True
    from kerastune_ft.backbones.hub.presets import locate
    from kerastune_ft.scaffolding.suggest.language import HANDLES

    known = {name: {"kaggle_handle": handle} for name, handle in HANDLES.items()}
    return Path(locate(preset, known)).is_dir()
