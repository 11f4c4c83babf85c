from __future__ import annotations

import time

import pytest

from kerastune_ft.reporting import quantities as say


@pytest.mark.parametrize(
    ("spelled", "text"),
    [
        (say.format_count(999), "999"),
        (say.format_count(999_999), "1.0 M"),
        (say.format_count(2_900_000), "2.9 M"),
        (say.format_size(512), "512 B"),
        (say.format_share(0.0004), "< 0.1 %"),
        (say.format_share(0.414), "41 %"),
        (say.format_share(0.0152), "1.5 %"),
        (say.format_duration(4.23), "4.2 s"),
        (say.format_duration(59.7), "59 s"),
        (say.format_duration(3599.6), "1 h 00 min"),
        (say.format_duration(192), "3 min 12 s"),
        (say.format_figure(0.5), "0.5000"),
        (say.format_threshold(0.5), "0.5000"),
        (say.format_threshold(0.999987), "0.999987"),
        (say.format_threshold(1.0), "1.0000"),
        (say.format_threshold(None), say.ABSENT),
        (say.format_figure(float("nan")), say.ABSENT),
        (say.format_figure(1234.56), "1,235"),
        (say.format_figure(0.003123), "0.003123"),
        (say.format_figure(12345.6), "12,346"),
        (say.format_plain(3.0), "3"),
        (say.format_plain(0.003), "0.003"),
        (say.format_offset(-42.623), "−42.62"),  # noqa: RUF001  a true minus sign
        (say.format_progress(0.0081234), "0.0081"),
        (say.format_progress(0.00031234), "3.123e-04"),
        (say.format_progress(12345.6), "12345.6"),
        (say.format_progress(3e9), "3.000e+09"),
        (say.format_words("test_r2"), "test R2"),
        (say.format_change(0.1157), "+0.1157"),
        (say.format_words("validation_macro_f1"), "validation macro F1"),
        (say.format_moment("2025-03-01T09:00:12+00:00"), "2025-03-01 09:00 UTC"),
        (say.format_cell("image_size", [224, 224]), "224, 224"),
        (say.format_cell("learning_rate", 0.0001), "0.0001"),
    ],
)
def test_quantities_read_well(spelled: str, text: str) -> None:
    assert spelled == text


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        ("UTC", "2025-03-01 09:00 UTC"),
        ("CET-1", "2025-03-01 10:00 CET (UTC+1)"),
        ("IST-5:30", "2025-03-01 14:30 IST (UTC+5:30)"),
        ("<-03>3", "2025-03-01 06:00 UTC-3"),
        ("NST3:30", "2025-03-01 05:30 NST (UTC-3:30)"),
    ],
)
def test_times_are_those_of_the_clock_on_the_wall(monkeypatch: pytest.MonkeyPatch, zone: str, told: str) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert say.format_local("2025-03-01T09:00:12+00:00") == told
        assert say.format_local("yesterday") == "yesterday"
    finally:
        monkeypatch.undo()
        time.tzset()
