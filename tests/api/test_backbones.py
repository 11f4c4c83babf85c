"""`kt.rank_backbones`: a ranking that shows itself, and refusals before TensorFlow is imported."""

from __future__ import annotations

from typing import Any

import pytest

import kerastune_ft as kt
from kerastune_ft.api.backbones import RankingView, rank_backbones
from kerastune_ft.cli.commands import main
from kerastune_ft.config.read import read
from kerastune_ft.errors import ConfigError

DOCUMENT: dict[str, Any] = {
    "metric": "validation_accuracy",
    "examples": {"train": 5, "validation": 3},
    "backbones": [],
    "best": None,
    "smallest_alike": None,
}


def test_a_time_that_is_none_is_refused() -> None:
    with pytest.raises(kt.ConfigError, match="10 minutes"):
        kt.rank_backbones("medical", time="10 minutes")


def test_a_ranking_shows_itself() -> None:
    view = RankingView(DOCUMENT)
    assert view.best is None and "--candidate" in repr(view) and "<table" in view._repr_html_()


@pytest.mark.parametrize("option", [("--for", "10m"), ("--candidate", "MobileNet"), ("--download",)])
def test_options_of_a_ranking_need_a_configuration(option: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["backbones", *option])
    assert ended.value.code == 2 and "--on CONFIG" in capsys.readouterr().err


def test_a_configuration_that_goes_with_objects_is_refused_at_once() -> None:
    document = read("medical").to_json()
    document["python"] = {"loss": {"name": "my_loss", "sha256": None}}
    with pytest.raises(ConfigError, match=r"goes with loss=\.\.\.; take the section python out"):
        rank_backbones(document)
