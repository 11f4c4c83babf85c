"""The classes of keras-hub that the version has that runs the tests: of older ones some are not there."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Collection
from typing import Any

import pytest

from kerastune_ft.config.facts.hub_families import SINCE

INSTALLED = importlib.metadata.version("keras-hub")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:3])


def needs(name: str) -> pytest.MarkDecorator:
    """Skip a test where the installed keras-hub lacks a class."""
    first = SINCE.get(name, "0")
    return pytest.mark.skipif(_numbers(INSTALLED) < _numbers(first), reason=f"keras-hub {INSTALLED} has no {name}")


def each(names: Collection[str], sample: Collection[str]) -> list[Any]:
    """Return a parameter for each class, those outside the sample slow, those that are not there skipped."""
    slow = pytest.mark.slow
    return [pytest.param(name, marks=[needs(name), *([] if name in sample else [slow])]) for name in names]
