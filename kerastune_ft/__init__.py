"""Staged fine-tuning of pretrained Keras backbones.

>>> import kerastune_ft as kt
>>> run = kt.run("medical")                                     # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from types import FunctionType
from typing import Any

_HOMES = {
    "fine_tune": "api.fine_tune",
    "run": "api.training",
    "search": "api.search",
    "crossvalidate": "api.folds",
    "plan": "api.training",
    "check": "api.check",
    "open_run": "api.runs",
    "evaluate": "api.runs",
    "compare": "api.compare",
    "predict": "api.runs",
    "units": "api.training",
    "find_rate": "api.tuning.find_rate",
    "rank_backbones": "api.backbones",
    "explain": "api.listing",
    "init": "api.init",
    "runs": "api.listing",
    "verify": "verification.verify",
    "Run": "api.runs",
    "Watcher": "training.watch",
    "KerasTuneError": "errors",
    "ConfigError": "errors",
    "DataError": "errors",
    "DivergedError": "errors",
    "PromiseError": "errors",
    "ResourceError": "errors",
    "Interrupted": "errors",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    """Import public names when they are used, so that importing the package costs nothing.

    Functions say what they say in one output of a cell, where this is a notebook.
    """
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    if not isinstance(value, FunctionType):
        return value
    from kerastune_ft.api.cells import show_in_cell

    return show_in_cell(value)


def __dir__() -> list[str]:
    return __all__
