"""Three lines of Python: data in memory are trained on, found again by a configuration file, and predicted on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import kerastune_ft as kt

SMALL = {"name": "MobileNetV2", "weights": "embedded", "image_size": 32}


def draw(number: int) -> Image.Image:
    """A picture of noise, of its own size; every second one has a bright square."""
    random = np.random.default_rng(number)
    values = random.integers(0, 120, (32 + number % 5, 36, 3), dtype=np.uint8)
    values[8:24, 8:24] += np.uint8(100 * (number % 2))
    return Image.fromarray(values)


PICTURES, WORDS = [draw(number) for number in range(40)], ["dark", "bright"] * 20


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("calls")


@pytest.fixture(autouse=True)
def here(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    monkeypatch.setenv("KERASTUNE_CACHE", str(place / "cache"))


def call(**more: Any) -> kt.Run:
    return kt.fine_tune(PICTURES, WORDS, backbone=SMALL, phases="head", epochs=1, **more)


@pytest.fixture(scope="module")
def run(place: Path) -> kt.Run:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setenv("KERASTUNE_CACHE", str(place / "cache"))
        return call()


def test_the_same_call_gives_the_finished_run(run: kt.Run, capsys: pytest.CaptureFixture[str]) -> None:
    before = run.manifest["updated"]
    assert call().path == run.path == Path("runs/images-1")
    assert capsys.readouterr().err == f"run {run.path} finished before with this configuration and this data\n"
    assert run.manifest["updated"] == before
    assert len(list(Path("runs/data").iterdir())) == 1


def test_its_configuration_in_a_file_is_the_same_run(run: kt.Run) -> None:
    Path("written.json").write_text(json.dumps(run.config), encoding="utf-8")
    assert run.config["data"]["path"].startswith("runs/data/images-")
    assert kt.run("written.json").path == run.path
    assert [row["run"] for row in kt.runs()] == [str(run.path)]


def test_pictures_are_predicted_as_they_were_measured(run: kt.Run) -> None:
    measured = pd.read_csv(run.path / "evaluation" / "predictions.csv")
    pictures = [PICTURES[int(name.strip("[]"))] for name in measured["input"]]
    answers = run.predict(pictures)
    assert list(answers["input"]) == [f"[{place}]" for place in range(len(pictures))]
    assert np.allclose(answers["probability_dark"], measured["probability_dark"], atol=1e-6)


@pytest.mark.slow
def test_a_frame_keeps_its_columns(run: kt.Run) -> None:
    answers = run.predict(pd.DataFrame({"image": PICTURES[:2], "who": ["x", "y"]}))
    assert list(answers["who"]) == ["x", "y"]
    for others in (PICTURES[:2], [np.asarray(picture) for picture in PICTURES[:2]]):
        assert np.allclose(run.predict(others)["probability_dark"], answers["probability_dark"], atol=1e-6)


@pytest.mark.slow
def test_other_data_in_memory_are_evaluated(run: kt.Run) -> None:
    others = [draw(number) for number in range(100, 120)]
    table = pd.DataFrame({"image": others, "label": ["dark", "bright"] * 10})
    measured = run.evaluate(table)
    answers = run.predict(others)
    assert measured["accuracy"] == pytest.approx((answers["label"] == table["label"]).mean())
    assert run.evaluate((others, ["dark", "bright"] * 10)) == measured


def test_other_data_are_another_run(run: kt.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, Any]] = []
    monkeypatch.setattr("kerastune_ft.api.training.announce_and_run", lambda document, *_, **__: seen.append(document))
    kt.fine_tune(PICTURES[:-2], WORDS[:-2], backbone=SMALL, phases="head", epochs=1)
    assert seen[0]["data"]["path"] != run.config["data"]["path"]


@pytest.mark.slow
def test_a_run_on_grey_arrays_answers_to_three_of_them(place: Path) -> None:
    grey = np.stack([np.asarray(draw(number).convert("L").resize((36, 32))) for number in range(40)])
    run = kt.fine_tune((grey, WORDS), backbone=SMALL, phases="head", epochs=1)
    one_by_one = run.predict(list(grey[:3]))
    assert np.allclose(run.predict(grey[:3])["probability_dark"], one_by_one["probability_dark"], atol=1e-6)
