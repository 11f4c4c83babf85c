"""Parsing and printing durations such as 3h50m, 45s and 1d."""

from __future__ import annotations

import math
import re

from kerastune_ft.errors import ConfigError

_SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_PART = re.compile(r"(\d+(?:\.\d+)?)([dhms])")
_WHOLE = re.compile(r"(?:\d+(?:\.\d+)?[dhms])+")


def parse_duration(text: str) -> float:
    """Return the seconds of a text like `3h50m`: numbers with units, each unit at most once, largest first.

    >>> parse_duration("1h30m")
    5400.0
    """
    compact = text.replace(" ", "").lower()
    parts = _PART.findall(compact) if _WHOLE.fullmatch(compact) else []
    units = [unit for _, unit in parts]
    if not parts or units != sorted(set(units), key=list(_SECONDS).index):
        raise ConfigError(f'"{text}" is not a duration; write it like 30d, 3h50m, 90m or 45s')
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    if seconds <= 0:
        raise ConfigError(f'"{text}" is zero; give more than 0s')
    return seconds


def format_duration(seconds: float) -> str:
    """Return seconds as text in the two largest units: `3h50m`, `4m05s`, `12s`, `0.4s`.

    >>> format_duration(245)
    '4m05s'
    """
    if not math.isfinite(seconds):
        return "unknown"
    if seconds < 9.95:
        return f"{max(seconds, 0.0):.1f}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    minutes = round(seconds / 60)
    if minutes < 24 * 60:
        return f"{minutes // 60}h{minutes % 60:02d}m"
    hours = round(seconds / 3600)
    return f"{hours // 24}d{hours % 24:02d}h"
