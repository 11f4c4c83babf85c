"""A folder of noise that changes between two calls of a run's command, or while it trains; and pictures of it."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import kerastune_ft as kt
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.input.sounds import noise
from kerastune_ft.training import engine
from kerastune_ft.training.updates.step import PhaseStep
from tests.support.sound_files import tone, wav, write_folder
from tests.support.tiny_run import results


def configuration(folder: Path, name: str) -> dict[str, Any]:
    phase = {"epochs": 2, "learning_rate": 0.01, "batch_size": 8}
    return {
        "name": name,
        "task": {"kind": "audio_classification"},
        "data": {"kind": "folder", "path": str(folder / "data"), "sample_rate": 8000},
        "backbone": {"kind": "saved", "path": str(folder / "net.keras"), "input": {"log_mel": {"bins": 16}}},
        "phases": [
            {"name": "head", "unfreeze": "none", **phase},
            {
                "name": "top",
                "unfreeze": "all",
                **phase,
                "dropout": 0.4,
                "augment": {"preset": "light", "noise": str(folder / "street")},
            },
        ],
        "runtime": {"cache_directory": str(folder / "cache")},
        "output": {"directory": str(folder / "runs"), "examples": False},
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("noise")
    write_folder(made / "data", count=12)
    keras.utils.set_random_seed(0)
    inputs = keras.Input((40, 16, 1), name="log_mel")
    keras.Model(inputs, keras.layers.Conv2D(8, 3, 2, activation="relu")(inputs)).save(made / "net.keras")
    (made / "street").mkdir()
    draw = np.random.default_rng(0)
    # Of another rate, of two channels, and shorter than the sounds.
    (made / "street" / "rain.wav").write_bytes(wav(draw.normal(0, 0.1, 6000), 11025))
    (made / "street" / "trams.wav").write_bytes(wav(np.stack([tone(90.0, 0.5), tone(200.0, 0.5)], axis=1)))
    (made / "street" / "click.wav").write_bytes(wav(draw.normal(0, 0.2, 50)))
    return made


@pytest.fixture(scope="module")
def base(folder: Path) -> dict[str, Any]:
    return results(kt.run(configuration(folder, "base")).path)


def test_a_run_does_not_go_on_with_other_noise(folder: Path) -> None:
    config = configuration(folder, "changed")
    run = kt.run(config, until_phase="head")
    street = folder / "street"
    rain = (street / "rain.wav").read_bytes()
    added = street / "wind.wav"
    for change in ("added", "removed", "changed"):
        if change == "added":
            added.write_bytes(wav(tone(70.0, 0.3)))
        elif change == "removed":
            (street / "rain.wav").unlink()
        else:
            (street / "rain.wav").write_bytes(wav(tone(70.0, 0.3)))
        with pytest.raises(ConfigError, match=r"the noise of phase top changed since .*changed-1 began"):
            kt.run(config)
        added.unlink(missing_ok=True)
        (street / "rain.wav").write_bytes(rain)
    assert run.manifest["state"] == "interrupted"


@pytest.mark.slow
@pytest.mark.parametrize("becomes", ["is not there", "is another one now"])
def test_noise_that_is_lost_while_it_trains_is_named_and_the_run_goes_on(
    folder: Path, base: dict[str, Any], monkeypatch: pytest.MonkeyPatch, becomes: str
) -> None:
    config = configuration(folder, f"lost-{becomes[3:6]}")
    street, step, made = folder / "street", PhaseStep.train, [0]
    contents = {path: path.read_bytes() for path in street.iterdir()}

    def train(*arguments: Any) -> Any:
        made[0] += 1
        if made[0] == 4:
            for path in contents:
                path.unlink() if becomes == "is not there" else path.write_bytes(wav(tone(70.0, 0.3)))
        return step(*arguments)

    with monkeypatch.context() as patch:
        # Of a folder larger than the memory that is kept for it files are read again.
        patch.setattr(noise, "_KEPT_BYTES", 1)
        patch.setattr(PhaseStep, "train", train)
        with pytest.raises(DataError, match=rf"(?s)augment\.noise: 3 files of 3 could be read .*\.wav  {becomes}"):
            kt.run(config)
    for path, content in contents.items():
        path.write_bytes(content)
    run = kt.run(config)
    assert results(run.path) == base
    assert kt.verify(run.path).holds


@pytest.mark.slow
def test_a_process_that_only_saves_writes_the_same_model(
    folder: Path, base: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: Any) -> None:
        raise DataError("stopped here")

    config = configuration(folder, "saved")
    with monkeypatch.context() as patch:
        patch.setattr(engine.saved_model, "save_model", stop)
        with pytest.raises(DataError, match="stopped here"):
            kt.run(config)
    run = kt.run(config)
    assert results(run.path) == base
    with zipfile.ZipFile(run.path / "model/model.keras") as archive:
        assert re.findall(r'"rate": ([0-9.]+)', archive.read("config.json").decode()) == ["0.4"]


def test_pictures_are_of_what_is_drawn_and_can_be_heard(folder: Path, tmp_path: Path) -> None:
    made = kt.plan(configuration(folder, "look"), pictures=tmp_path / "look.html")
    page = (tmp_path / "look.html").read_text()
    assert "look: training examples as the model hears them" in page
    assert "phase head: no augmentation, every epoch hears the sounds as fitted" in page
    assert "phase top: gain 3.0, shift 0.05, noise of 3 sounds (it ends with epoch 2 at the latest)" in page
    assert page.count("<img ") == page.count("<audio ") == 6 * 6
    augment = made.document["phases"][1]["augment"]
    assert (augment["noise_sounds"], len(augment["noise_sha256"])) == (3, 64)
    assert f"noise {folder / 'street'} (3 sounds)" in re.sub(r"\s*\n\s*", " ", str(made))
    assert augment["noise_sha256"] not in str(made)
    assert json.dumps(made.document)
