"""Staged fine-tuning of pretrained Keras backbones.

>>> import kerastune_ft as kt
>>> run = kt.run("medical")                                     # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "fine_tune": "api.fine_tune",
    "run": "api.training",
    "plan": "api.training",
    "open_run": "api.runs",
    "evaluate": "api.runs",
    "predict": "api.runs",
    "units": "api.training",
    "explain": "config.provenance",
    "init": "scaffolding.scaffold",
    "runs": "reporting.run_list",
    "verify": "verification.verify",
    "Run": "api.runs",
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
    """Import public names when they are first used, so that importing the package costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
