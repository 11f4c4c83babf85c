"""Formats numbers for people: counts, sizes, shares, durations, rates, metrics."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

ABSENT = "–"  # noqa: RUF001  an en dash stands for "no value" in every table

_PROPER_WORDS = {"f1": "F1", "auc": "AUC", "iou": "IoU", "mae": "MAE", "rmse": "RMSE", "r2": "R2"}
_COUNT_STEPS = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
_SIZE_STEPS = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


def is_number(value: object) -> bool:
    """Return whether a value is a finite number (booleans are not)."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _format_with_unit(value: float, steps: tuple[tuple[float, str], ...], unit: str) -> str:
    for step, name in steps:
        # 999,950 would print as "1000.0 k": it belongs to the next unit already.
        if abs(value) >= step * 0.99995:
            return f"{value / step:.1f} {name}"
    return f"{value:,.0f}{unit}"


def format_count(value: Any) -> str:
    """Return a count such as ``2.9 M``; below a thousand, the number itself."""
    return _format_with_unit(value, _COUNT_STEPS, "") if is_number(value) else ABSENT


def format_whole(value: Any) -> str:
    """Return an integer with thousands separated: ``5,232``."""
    return f"{value:,.0f}" if is_number(value) else ABSENT


def format_size(value: Any) -> str:
    """Return a number of bytes such as ``1.2 GB``."""
    return _format_with_unit(value, _SIZE_STEPS, " B") if is_number(value) else ABSENT


def format_share(value: Any) -> str:
    """Return a fraction of one as per cent; a small share that is not zero does not print as 0."""
    if not is_number(value):
        return ABSENT
    percent = 100 * value
    if 0 < percent < 0.1:
        return "< 0.1 %"
    return f"{percent:.1f} %" if percent < 10 and percent != round(percent) else f"{percent:.0f} %"


def format_duration(value: Any) -> str:
    """Return seconds as ``4.2 s``, ``3 min 12 s`` or ``2 h 05 min``."""
    if not is_number(value):
        return ABSENT
    if value < 60:
        return f"{value:.1f} s" if value < 10 else f"{min(value, 59):.0f} s"
    minutes, seconds = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes} min {seconds:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def format_rate(value: Any) -> str:
    """Return a learning rate: ``0.001``, ``8e-05``."""
    return f"{value:.3g}" if is_number(value) else ABSENT


def format_figure(value: Any) -> str:
    """Return a metric with four decimals, or four significant digits when it is large or small: ``0.003123``."""
    if not is_number(value):
        return ABSENT
    if value == 0 or 0.01 <= abs(value) < 100:
        return f"{value:.4f}"
    return format_plain(value)


def format_threshold(value: Any) -> str:
    """Return a probability to decide from as a metric, with more digits the closer it is to 1: ``0.999987``."""
    if not is_number(value) or not 0.999 < value < 1:
        return format_figure(value)
    # As a metric it would print as 1.0000, from which nothing is taken.
    return f"{value:.{min(16, 1 - math.floor(math.log10(1 - value)))}f}"


def format_interval(ends: Any) -> str:
    """Return the two ends of an interval as metrics: ``0.8513 to 0.9311``."""
    return f"{format_figure(ends[0])} to {format_figure(ends[1])}" if ends else ABSENT


def format_plain(value: Any) -> str:
    """Return a number in the user's units with up to four significant digits: ``3``, ``0.003``, ``12,345``."""
    if not is_number(value):
        return ABSENT
    # Adding zero makes -0.0 a plain 0.
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e7 else f"{value + 0.0:.4g}"


def format_progress(value: float) -> str:
    """Return a metric as lines of progress show it, without thousands separated, so that programs read it too."""
    if value == 0 or 0.001 <= abs(value) < 1e4:
        return f"{value:.4f}"
    return f"{value:.6g}" if 1e4 <= abs(value) < 1e7 else f"{value:.3e}"


def format_change(value: Any) -> str:
    """Return a signed difference of two metrics."""
    return _format_with_sign(value, format_figure)


def format_offset(value: Any) -> str:
    """Return a signed difference in the user's units."""
    return _format_with_sign(value, format_plain)


def _format_with_sign(value: Any, spell: Callable[[Any], str]) -> str:
    if not is_number(value):
        return ABSENT
    sign = "+" if value > 0 else "−" if value < 0 else "±"  # noqa: RUF001  a true minus sign aligns with plus
    return sign + spell(abs(value))


def format_moment(value: str) -> str:
    """Return an ISO time to the minute: ``2025-03-01 09:00 UTC``; other text as it is."""
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        return value
    return f"{time:%Y-%m-%d %H:%M} {time.tzname() or ''}".strip()


def format_local(value: str) -> str:
    """Return an ISO time as the clock of this machine shows it, with its zone: ``2025-03-01 10:00 CET (UTC+1)``."""
    try:
        time = datetime.fromisoformat(value).astimezone()
    except ValueError:
        return value
    away = round((time.utcoffset() or timedelta()).total_seconds() / 60)
    hours, minutes = divmod(abs(away), 60)
    offset = f"UTC{'-' if away < 0 else '+'}{hours}" + (f":{minutes:02d}" if minutes else "") if away else "UTC"
    # Some systems call zones by whole sentences, or by nothing but the offset.
    name = time.tzname() or ""
    is_short = name.isalpha() and len(name) <= 5 and name != offset
    return f"{time:%Y-%m-%d %H:%M} {f'{name} ({offset})' if is_short else offset}"


def format_words(name: str) -> str:
    """Return a metric or column name as words: ``validation_macro_f1`` gives ``validation macro F1``."""
    text = name.replace("_", " ")
    for plain, proper in _PROPER_WORDS.items():
        text = " ".join(proper if word == plain else word for word in text.split(" "))
    return text


_BY_COLUMN: tuple[tuple[str, Callable[[Any], str]], ...] = (
    ("parameters", format_count),
    ("bytes", format_size),
    ("share", format_share),
    ("seconds", format_duration),
    ("rate", format_rate),
    ("mean", format_plain),
    ("deviation", format_plain),
    ("smallest", format_plain),
    ("largest", format_plain),
)


def format_cell(column: str, value: Any) -> str:
    """Return a table cell; the last word of the column's name says what a number means."""
    if value is None:
        return ABSENT
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(format_cell(column, item) for item in value) if value else ABSENT
    if not is_number(value):
        return str(value)
    ending = column.rsplit("_", 1)[-1]
    for name, spell in _BY_COLUMN:
        if ending == name:
            return spell(value)
    return format_whole(value) if isinstance(value, int) else format_figure(value)
