from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.api.tuning import find_rate as finding
from kerastune_ft.api.tuning.find_rate import RateFinding, check_target, find_rate
from kerastune_ft.errors import ConfigError
from kerastune_ft.rundir import RunDirectory
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
    shown = FOUND._repr_html_()
    assert shown.startswith("<pre>phase head") and "data:image/png;base64," in shown
    after = replace(FOUND, written=0.012)
    assert [line.split()[:2] for line in after.describe()[-2:]] == [["before", "0.001"], ["now", "0.012"]]
    assert (FOUND.to_json()["written"], after.to_json()["written"]) == (None, 0.012)


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


def test_a_file_that_no_rate_can_be_written_into_is_refused_before_the_sweep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "_sweep", lambda *given: pytest.fail("swept"))
    document = {**MINIMAL, "backbone": {"kind": "applications", "name": "MobileNetV2", "weights": "embedded"}}
    run = RunDirectory(tmp_path / "a-1")
    run.commit_json("config.json", document)
    run.update_manifest(state="done")
    with pytest.raises(ConfigError, match=r"--write: .*config\.json is in the run directory"):
        find_rate(tmp_path / "a-1" / "config.json", write=True)
    (tmp_path / "team.json").write_text(json.dumps(document))
    (tmp_path / "mine.json").write_text('{"extends": "team.json"}')
    with pytest.raises(ConfigError, match="in one that it extends"):
        find_rate(tmp_path / "mine.json", write="steepest")
    with pytest.raises(ConfigError, match="comes with the package"):
        find_rate("medical", write=True)
