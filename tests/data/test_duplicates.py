"""Identical inputs in two splits or with two labels are said, whatever they are and wherever they come from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastune_ft.config.options.data import ArraysData, TableData, TfdsData
from kerastune_ft.config.options.tasks import AudioClassification, ImageClassification, TextClassification
from kerastune_ft.data.duplicates import group_equal
from kerastune_ft.data.embedded import embedded_set
from kerastune_ft.data.open import open_source

ROWS = 40


def notes_of(options: Any, task: Any, cache: Path) -> list[str]:
    notes = open_source(options, task, cache, lambda _: None).info.notes
    return [note for note in notes if note.startswith("identical")]


def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (ROWS, 8, 8, 3)).astype(np.uint8)


def sounds() -> np.ndarray:
    return np.random.default_rng(0).uniform(-0.5, 0.5, (ROWS, 400)).astype(np.float32)


def texts() -> np.ndarray:
    return np.array([f"text number {number}" for number in range(ROWS)])


def test_equal_values_are_grouped() -> None:
    assert group_equal("abcabd") == [[0, 3], [1, 4]]
    assert group_equal([]) == []


@pytest.mark.parametrize(
    ("x", "task", "noun"),
    [
        (images(), ImageClassification(), "image"),
        (images().astype(np.float32), ImageClassification(), "image"),
        (sounds(), AudioClassification(), "sound"),
        (texts(), TextClassification(kind="text_classification"), "text"),
    ],
)
def test_equal_rows_of_arrays_are_said(tmp_path: Path, x: np.ndarray, task: Any, noun: str) -> None:
    options = ArraysData(path=str(tmp_path / "d.npz"), sample_rate=8000 if noun == "sound" else None)
    rows = {"x": x, "y": np.arange(ROWS) % 2}
    np.savez(tmp_path / "d.npz", **rows)
    assert notes_of(options, task, tmp_path / "cache") == []
    # Every row twice, so that some pairs are divided, and one of them with another label.
    labels = np.concatenate([rows["y"], rows["y"]])
    labels[0] = 1
    np.savez(tmp_path / "d.npz", x=np.concatenate([x, x]), y=labels)
    for _ in range(2):
        found = notes_of(options, task, tmp_path / "cache")
        assert any(f"{noun}s are in more than one split, so the metrics flatter the model" in note for note in found)
        assert any(f"1 {noun} is" in note and ("wrong" in note or "right" in note) for note in found)


def test_equal_texts_of_a_table_are_said(tmp_path: Path) -> None:
    rows = [{"text": f"number {number % 30}", "label": "ab"[number % 2]} for number in range(60)]
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    options = TableData(path=str(tmp_path / "t.jsonl"), input="text", label="label")
    (note,) = notes_of(options, TextClassification(kind="text_classification"), tmp_path / "cache")
    assert "texts are in more than one split" in note


def test_equal_examples_of_an_embedded_set_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digits = embedded_set("digits")
    contents = [digits.image(index).tobytes() for index in range(digits.EXAMPLES)]
    has_equal = len(set(contents)) < len(contents)
    assert bool(notes_of(TfdsData(name="digits"), ImageClassification(), tmp_path / "a")) == has_equal
    first = digits.image(0)
    monkeypatch.setattr(digits, "image", lambda index: first)
    found = notes_of(TfdsData(name="digits"), ImageClassification(), tmp_path / "b")
    assert found == [
        "identical images: 1 image is in more than one split, so the metrics flatter the model",
        "identical images: 1 image is in more than one class, so one of the labels is wrong",
    ]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["image", "audio"])
def test_equal_examples_of_a_prepared_builder_are_said(tmp_path: Path, kind: str) -> None:
    import tensorflow_datasets as tfds

    feature = tfds.features.Image(shape=(8, 8, 3)) if kind == "image" else tfds.features.Audio(sample_rate=8000)
    rows = images() if kind == "image" else (sounds() * 30000).astype(np.int64)

    class Twice(tfds.core.GeneratorBasedBuilder, skip_registration=True):
        VERSION = tfds.core.Version("1.0.0")

        def _info(self) -> tfds.core.DatasetInfo:
            features = tfds.features.FeaturesDict({"x": feature, "y": tfds.features.ClassLabel(names=["a", "b"])})
            return tfds.core.DatasetInfo(builder=self, features=features, supervised_keys=("x", "y"))

        def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
            return {"train": self._generate_examples(0), "test": self._generate_examples(37)}

        def _generate_examples(self, first: int) -> Any:
            for number in range(first, ROWS):
                yield number, {"x": rows[number], "y": number % 2}

    Twice(data_dir=str(tmp_path / "sets")).download_and_prepare()
    task = ImageClassification() if kind == "image" else AudioClassification()
    (note,) = notes_of(TfdsData(name="twice", data_dir=str(tmp_path / "sets")), task, tmp_path / "cache")
    assert "3" in note
    assert "are in more than one split, so the metrics flatter the model" in note
