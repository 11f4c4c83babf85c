"""What a search varies: ranges of numbers and lists of choices, each for one key of a configuration."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_WITH_PEAK = "learning_rate"
_DIGITS = 12


@dataclass(frozen=True)
class Range:
    """The numbers from `low` to `high` for a key, both included."""

    key: str
    low: float
    high: float
    log: bool = False
    """Whether values are drawn evenly on a logarithmic scale."""
    step: float | None = None
    """The distance between two values that are tried; None where any is. Counted from `low`."""
    is_whole: bool = False
    """Whether the key takes whole numbers alone."""

    @property
    def ends(self) -> tuple[Any, ...]:
        """Return the least and the greatest value."""
        return (self.low, self.high)

    @property
    def is_continuous(self) -> bool:
        """Return whether hardly any value is drawn twice."""
        return self.step is None and not self.is_whole

    def list_values(self) -> tuple[Any, ...] | None:
        """Return all values, or None where there are too many to try each."""
        if self.is_continuous or self.log:
            return None
        step = self.step or 1
        count = math.floor((self.high - self.low) / step + 1e-9) + 1
        return tuple(self.snap(self.low + number * step) for number in range(count))

    def snap(self, value: Any) -> Any:
        """Return a value of the range as people write it: 0.3 and not 0.30000000000000004 where it has steps."""
        if self.is_whole:
            return int(value)
        return value if self.step is None else round(value, _DIGITS)

    def holds(self, value: Any) -> bool:
        """Return whether a value is one of the range."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not self.low <= value <= self.high:
            return False
        values = self.list_values()
        return values is None or value in values

    def to_json(self) -> dict[str, Any]:
        """Return the range as a space has it."""
        made: dict[str, Any] = {"low": self.low, "high": self.high}
        return made | ({"scale": "log"} if self.log else {}) | ({} if self.step is None else {"step": self.step})


@dataclass(frozen=True)
class Choices:
    """The values that a key may have, of any kind that JSON has."""

    key: str
    values: tuple[Any, ...]

    @property
    def ends(self) -> tuple[Any, ...]:
        """Return all values: none lies between others."""
        return self.values

    is_continuous = False

    def list_values(self) -> tuple[Any, ...]:
        """Return all values."""
        return self.values

    def holds(self, value: Any) -> bool:
        """Return whether a value is one of the choices."""
        return any(_same(value, one) for one in self.values)

    def to_json(self) -> list[Any]:
        """Return the choices as a space has them."""
        return list(self.values)


Dimension = Range | Choices


def _same(one: Any, other: Any) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def list_overrides(values: Mapping[str, Any]) -> list[str]:
    """Return the values of a trial, by key, as `--set` takes them; the schedule comes before keys of its phases.

    A number for a learning rate is its peak, so that what else is written of it, such as its shape, stays.
    """
    ordered = sorted(values.items(), key=lambda item: item[0] != "phases")
    return [f"{_name_target(key, value)}={json.dumps(value, ensure_ascii=False)}" for key, value in ordered]


def _name_target(key: str, value: Any) -> str:
    is_peak = key.split(".")[-1] == _WITH_PEAK and isinstance(value, int | float) and not isinstance(value, bool)
    return f"{key}.peak" if is_peak else key


def describe_values(values: Mapping[str, Any], keys: Sequence[str]) -> dict[str, str]:
    """Return the values of a trial in few characters, by the shortest ends of their keys that tell them apart."""
    return {name: format_value(values[key]) for key, name in zip(keys, shorten_keys(keys), strict=True)}


def format_value(value: Any) -> str:
    """Return a value in few characters: numbers with four digits, everything else as JSON without quotes."""
    if isinstance(value, float):
        return f"{value:.4g}"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def shorten_keys(keys: Sequence[str]) -> list[str]:
    """Return the shortest ends of keys, in whole words, that tell them apart: `head.learning_rate`, `dropout`."""
    parts = [key.split(".") for key in keys]

    def end(words: Sequence[str], length: int) -> str:
        return ".".join(words[-length:])

    shortened = []
    for words in parts:
        length = 1
        while length < len(words) and sum(end(other, length) == end(words, length) for other in parts) > 1:
            length += 1
        shortened.append(end(words, length))
    return shortened
