from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.api.tuning.find_rate import RateFinding, check_target, find_rate
from kerastune_ft.errors import ConfigError
from tests.support.config_cases import MINIMAL

FOUND = RateFinding(
    phase="head", peak=0.001, planned=40, rates=tuple(10 ** (each / 10 - 4) for each in range(40)),
    losses=(2.0,) * 40, smoothed=tuple(2.0 - 0.01 * each for each in range(40)), is_exploded=True,
    suggestions={"valley": 0.0123, "steepest": 0.02},
)  # fmt: skip


def test_a_finding_says_what_was_swept_what_it_suggests_and_what_is_written_now() -> None:
    lines = FOUND.describe()
    assert lines[0] == "phase head: 40 steps, rates 0.0001 to 0.794; stopped after 40, where the loss exploded"
    assert [line.split()[:2] for line in lines[1:]] == [["valley", "0.0123"], ["steepest", "0.02"], ["now", "0.001"]]
    assert str(FOUND).splitlines()[0] == lines[0] and FOUND.chart in str(FOUND)
    assert FOUND.to_json()["suggestions"] == {"valley": 0.0123, "steepest": 0.02}
    assert FOUND._repr_html_().startswith("<pre>phase head")


def test_the_curve_is_saved_as_a_picture_or_a_page(tmp_path: Path) -> None:
    assert FOUND.save(tmp_path / "rate.png").read_bytes()[:4] == b"\x89PNG"
    page = FOUND.save(tmp_path / "rate.html").read_text()
    assert "where the loss exploded" in page and "data:image/png;base64," in page and "http" not in page
    with pytest.raises(ConfigError, match=r"neither \.png nor \.html"):
        check_target(tmp_path / "rate.pdf")
    with pytest.raises(ConfigError, match="is no folder"):
        check_target(tmp_path / "none" / "rate.png")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"steps": 5}, "5 are too few"),
        ({"low": 0.1, "high": 0.01}, "are no range"),
        ({"write": True}, "this configuration is in no file"),
    ],
)
def test_calls_that_cannot_be_are_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        find_rate(MINIMAL, **more)


def test_a_suggestion_is_named_by_its_name() -> None:
    with pytest.raises(ConfigError, match=r"'vally' is no suggestion"):
        find_rate("medical", write="vally")
