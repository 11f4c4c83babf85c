"""The call that fine-tunes without a configuration: what it proposes and refuses, without training."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import kerastune_ft as kt
from kerastune_ft.api import training
from kerastune_ft.backbones.hub import presets
from kerastune_ft.backbones.keras_applications import imagenet
from kerastune_ft.config.read import read
from kerastune_ft.errors import ConfigError
from tests.support.init_data import write_image


@pytest.fixture(autouse=True)
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What `kt.run` is called with, which does not run, in an empty directory without a way to weights."""
    calls: list[dict[str, Any]] = []

    def run(document: dict[str, Any], announce: Callable[[], None], run_dir: Any = None, **options: Any) -> None:
        announce()
        calls.append({"document": document, "run_dir": run_dir, **options})

    def absent(*asked: Any) -> None:
        raise ConfigError("not there")

    monkeypatch.setattr(training, "announce_and_run", run)
    monkeypatch.setattr(imagenet, "require_weights", absent)
    monkeypatch.setattr(presets, "locate", absent)
    monkeypatch.setenv("KERASTUNE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return calls


@pytest.fixture
def photos() -> None:
    for number in range(24):
        write_image(Path(f"photos/{'ab'[number % 2]}/{number}.png"))


@pytest.fixture
def table() -> None:
    rows = "".join(f"the sentence of number {number},{number % 4},{'ab'[number % 2]}\n" for number in range(40))
    Path("t.csv").write_text(f"text,stars,who\n{rows}", encoding="utf-8")
    Path("u.csv").write_text(f"text,p,q\n{rows}", encoding="utf-8")


@pytest.mark.usefixtures("photos")
@pytest.mark.parametrize("data", ["photos", "photos/", Path("photos"), {"path": "photos"}])
def test_a_folder_is_enough(started: list[dict[str, Any]], data: Any, capsys: pytest.CaptureFixture[str]) -> None:
    kt.fine_tune(data, epochs=2)
    ((call),) = started
    settings = read(call["document"])
    assert (settings.name, settings.task.kind, settings.output.directory) == ("photos", "image_classification", "runs")
    assert call["document"]["data"]["path"] == "photos"
    assert {phase.epochs for phase in settings.phases} == {2}
    assert "photos: 24 examples of 2 classes (a 12, b 12), image_classification" in capsys.readouterr().err


@pytest.mark.usefixtures("table")
def test_what_is_given_is_laid_over_what_is_guessed(started: list[dict[str, Any]]) -> None:
    kt.fine_tune(
        {"path": "t.csv", "group": "who", "splits": {"train": 0.5, "validation": 0.5, "stratify": False}},
        label="stars",
        task="text_regression",
        backbone={"class": "BertBackbone", "options": {"num_layers": 1}},
        phases="gradual",
        directory="elsewhere",
        run_dir="here",
        fresh=True,
        seed=3,
        name="mine",
        defaults={"batch_size": 4},
    )
    settings = read(started[0]["document"])
    assert (settings.name, settings.seed, settings.task.kind) == ("mine", 3, "text_regression")
    assert (settings.data.label, settings.data.group, settings.data.splits.train) == ("stars", "who", 0.5)
    assert [phase.name for phase in settings.phases] == ["head", "quarter", "half", "all"]
    assert {phase.batch_size for phase in settings.phases} == {4}
    assert settings.output.directory == "elsewhere"
    assert (started[0]["run_dir"], started[0]["fresh"]) == ("here", True)


@pytest.mark.usefixtures("photos", "table")
@pytest.mark.parametrize(
    ("data", "label", "options", "error", "message"),
    [
        ("photo", None, {}, kt.DataError, 'photo does not exist; did you mean "photos"?'),
        ("", None, {}, kt.ConfigError, "data is empty"),
        (3, None, {}, kt.ConfigError, "int is no data"),
        ({"resize": "pad"}, None, {}, kt.ConfigError, "nothing says where the data are"),
        ("photos", "a", {}, kt.ConfigError, "^label: only a table has columns"),
        ("t.csv", "star", {}, kt.ConfigError, "^label: .*t.csv has no column 'star'; did you mean \"stars\""),
        ("t.csv", 3, {}, kt.ConfigError, "label: int names no column"),
        ("u.csv", None, {}, kt.DataError, r'p and q could each be the label(.*\n)+.*label="p"  \(a list'),
        ("photos", None, {"backbone": "MobileNetV5"}, kt.ConfigError, "^backbone: .*did you mean"),
        ("photos", None, {"epochs": 0}, kt.ConfigError, "^epochs: 0 is no number"),
        ("photos", None, {"phases": "headd"}, kt.ConfigError, 'did you mean "head"'),
        ("photos", None, {"task": "imag"}, kt.ConfigError, '^task: "imag" is not a choice'),
        ("photos", None, {"task": "text_classification"}, kt.ConfigError, "the data look like image_classification"),
        ("photos", None, {"batch_size": 3}, kt.ConfigError, "no argument 'batch_size'"),
        ("photos", None, {"directory": "a", "output": {"directory": "b"}}, kt.ConfigError, "give one of them"),
    ],
)
def test_what_cannot_be_is_said_in_the_words_of_the_call(
    data: Any, label: Any, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        kt.fine_tune(data, label, **options)


@pytest.mark.usefixtures("photos")
def test_the_backbone_may_be_that_which_measures_best(
    started: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[dict[str, Any]] = []
    row = {"name": "MobileNet", "value": 0.8, "interval": [0.7, 0.9], "state": "tried", "why": "", "origin": "cache"}
    best = {**row, "backbone": {"kind": "applications", "name": "MobileNet", "weights": "embedded"}}

    def make(seconds: float) -> Callable[[dict[str, Any]], dict[str, Any]]:
        assert seconds == 600
        return lambda document: asked.append(document) or {"metric": "validation_accuracy", "backbones": [best]}

    monkeypatch.setattr(sys.modules["kerastune_ft.api.fine_tune"], "make_rank", make)
    kt.fine_tune("photos", backbone="measure")
    assert read(asked[0]).backbone.name == "MobileNetV2"
    assert started[0]["document"]["backbone"]["name"] == "MobileNet"
    assert "backbone MobileNet: validation_accuracy 0.8 (0.7 to 0.9)" in capsys.readouterr().err
