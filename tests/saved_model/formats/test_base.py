"""A saved form is one file and a row: one is added here, written, compared and refused."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np
import pytest

from kerastune_ft.config.options.heads import Head
from kerastune_ft.config.options.tasks import ImageClassification
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.durable import Content, join_content
from kerastune_ft.errors import PromiseError
from kerastune_ft.input.decode import Geometry
from kerastune_ft.saved_model.base import Serving, ServingSettings
from kerastune_ft.saved_model.formats import base
from kerastune_ft.saved_model.images import ImageServing
from kerastune_ft.tasks.classification import Classification

CLASSES = ("cat", "dog", "owl")


@pytest.fixture(scope="module")
def serving() -> Serving:
    keras.utils.set_random_seed(0)
    task = Classification(ImageClassification(), Head(), LabelScheme("one", CLASSES), 0)
    images = keras.Input((6, 8, 3))
    features = keras.layers.Conv2D(4, 3, name="body")(keras.layers.Rescaling(1 / 255)(images))
    model = keras.Model(images, task.head({"features": features}), name="small")
    return ImageServing(model, task, ServingSettings("small", "nothing"), Geometry(6, 8, "stretch"))


@pytest.fixture(scope="module")
def samples() -> list[np.ndarray]:
    random = np.random.default_rng(0)
    return [random.integers(0, 256, (9 + number, 7, 3)).astype(np.uint8) for number in range(3)]


def _add_format(monkeypatch: pytest.MonkeyPatch, wrong: float = 0.0) -> None:
    """Deliver a format called `arrays`: its file and its row in the table."""

    def write(serving: Serving, folder: Path) -> list[str]:
        weights = serving.model().get_weights()
        np.savez(folder / "weights.npz", *[weight + wrong for weight in weights])
        return ["weights.npz"]

    def open_written(serving: Serving, folder: Path) -> Callable[[Sequence[Any]], np.ndarray]:
        with np.load(folder / "weights.npz") as arrays:
            weights = [arrays[name] for name in arrays.files]
        model = serving.model()
        model.set_weights(weights)
        return lambda given: serving.call(model, given)

    module = ModuleType("arrays_format")
    module.write, module.open, module.TOLERANCE = write, open_written, 1e-6  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "arrays_format", module)
    monkeypatch.setattr(base, "FORMATS", {**base.FORMATS, "arrays": "arrays_format"})


def _differences(serving: Serving, samples: Sequence[np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    expected = serving.call(serving.model(), samples)
    return lambda found: np.abs(found - expected).max(axis=1)


@pytest.mark.parametrize(("name", "file"), [("arrays", "weights.npz"), ("keras", "model.keras")])
def test_a_format_is_written_and_compared(
    monkeypatch: pytest.MonkeyPatch, serving: Serving, samples: list[np.ndarray], name: str, file: str
) -> None:
    _add_format(monkeypatch)
    files: dict[str, bytes] = {}

    def keep(name: str, content: Content) -> None:
        files[name] = join_content(content)

    base.write_and_check(name, serving, samples, _differences(serving, samples), ["a", "b", "c"], keep)
    assert list(files) == [file]
    assert len(files[file]) > 100


def test_what_predicts_otherwise_is_refused(
    monkeypatch: pytest.MonkeyPatch, serving: Serving, samples: list[np.ndarray]
) -> None:
    _add_format(monkeypatch, wrong=0.05)
    kept: list[str] = []
    with pytest.raises(PromiseError, match=r"gives other predictions than were measured .* on a\); it was not written"):
        base.write_and_check(
            "arrays",
            serving,
            samples,
            _differences(serving, samples),
            ["a", "b", "c"],
            lambda name, _: kept.append(name),
        )
    assert kept == []


def test_the_saved_file_opens_with_keras_alone(tmp_path: Path, serving: Serving, samples: list[np.ndarray]) -> None:
    (name,) = base.load_format("keras").write(serving, tmp_path)
    model = keras.models.load_model(tmp_path / name)
    found = np.concatenate([np.asarray(model(sample[np.newaxis].astype(np.float32))) for sample in samples])
    assert np.allclose(found, serving.call(serving.model(), samples), atol=1e-6)
    assert np.allclose(found.sum(axis=1), 1, atol=1e-6)
