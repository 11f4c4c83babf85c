"""`init` on .npz files of texts and of sounds, and that the run can read what it wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastune_ft import init
from kerastune_ft.config.read import read
from kerastune_ft.data.open import open_source
from kerastune_ft.errors import DataError
from kerastune_ft.scaffolding.scaffold import Scaffolded
from tests.support.init_data import prose

COUNT = 40
ROWS = np.arange(COUNT)
TEXTS = np.array([prose(number) for number in range(COUNT)])
SOUNDS = np.random.default_rng(0).uniform(-1, 1, (COUNT, 2000)).astype(np.float32)


def begin(**arrays: Any) -> tuple[Scaffolded, dict[str, Any]]:
    """Return what init says of these arrays and what it wrote, once a run's source was opened on it."""
    np.savez("a.npz", **arrays)
    started = init("a.npz")
    config = read(Path("a.json"))
    open_source(config.data, config.task, Path("cache"), lambda _: None)
    return started, config.to_json()


@pytest.mark.parametrize("texts", [TEXTS, TEXTS.astype("S"), np.stack([TEXTS, TEXTS[::-1]], axis=1)])
def test_strings_are_texts(texts: np.ndarray) -> None:
    started, config = begin(texts=texts, labels=np.array(["neg", "pos"])[ROWS % 2])
    assert config["task"]["kind"] == "text_classification"
    assert (config["data"]["x"], config["data"]["y"]) == ("texts", "labels")
    assert dict(started.counts) == {"neg": 20, "pos": 20}


def test_amounts_of_texts_are_a_regression() -> None:
    assert begin(x=TEXTS, y=ROWS / 7)[1]["task"]["kind"] == "text_regression"


def test_empty_texts_are_to_be_taken_out() -> None:
    np.savez("a.npz", x=np.where(ROWS < 2, " ", TEXTS), y=ROWS % 2)
    assert "2 rows of x have an empty text" in init("a.npz").asks[0]


@pytest.mark.parametrize("sounds", [SOUNDS, SOUNDS[:, :, None], (SOUNDS * 30000).astype(np.int16)])
def test_samples_with_their_rate_are_sounds(sounds: np.ndarray) -> None:
    started, config = begin(x=sounds, y=ROWS % 2, sample_rate=16000)
    assert config["task"]["kind"] == "audio_classification"
    assert started.asks == ()


def test_sounds_without_a_rate_are_known_by_name_and_asked_about() -> None:
    np.savez("a.npz", audio=SOUNDS, y=ROWS % 2)
    assert "what is the sample rate of audio" in init("a.npz").asks[0]


def test_long_rows_of_no_known_meaning_are_refused() -> None:
    np.savez("a.npz", features=SOUNDS, y=ROWS % 2)
    with pytest.raises(DataError, match=r"no array of images, sounds or texts.*features \[40, 2000\]"):
        init("a.npz")


def test_amounts_are_not_learned_from_sounds() -> None:
    np.savez("a.npz", x=SOUNDS, y=ROWS / 7, sample_rate=16000)
    with pytest.raises(DataError, match="only learn classes from sounds"):
        init("a.npz")


def test_where_only_the_rate_is_missing_that_is_said() -> None:
    np.savez("a.npz", x=SOUNDS, y=ROWS % 2)
    with pytest.raises(DataError, match="If x holds sounds, only an array sample_rate"):
        init("a.npz")
    np.savez("a.npz", x=SOUNDS[:, :900], y=ROWS % 2)
    with pytest.raises(DataError, match="no array of images") as error:
        init("a.npz")
    assert "sample_rate with their rate is missing" not in str(error.value)


def test_texts_of_a_word_are_known_by_the_name_of_their_array() -> None:
    np.savez("a.npz", x=np.array([f"text {row}" for row in ROWS]), y=ROWS % 2)
    assert init("a.npz").task == "text_classification"


def test_labels_that_all_differ_are_asked_about() -> None:
    np.savez("a.npz", x=TEXTS, y=np.array([f"name {row}" for row in ROWS]))
    assert any('is "y" the label?' in question for question in init("a.npz").asks)
