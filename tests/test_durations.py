from __future__ import annotations

import pytest

from kerastune_ft.durations import format_duration, parse_duration
from kerastune_ft.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3h50m", 13800),
        ("45s", 45),
        ("90m", 5400),
        ("1d", 86400),
        ("1.5h", 5400),
        ("1H 30M", 5400),
        ("1d2h3m4s", 93784),
    ],
)
def test_durations_are_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "3", "h", "3x", "30m1h", "1h1h", "-1h", "0s", "1h30"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"is zero; give more than 0s|write it like"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0s"),
        (0.44, "0.4s"),
        (9.96, "10s"),
        (12, "12s"),
        (59.7, "1m00s"),
        (245, "4m05s"),
        (3599.8, "1h00m"),
        (13800, "3h50m"),
        (86399, "1d00h"),
        (93784, "1d02h"),
        (float("inf"), "unknown"),
    ],
)
def test_durations_are_shown(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text
