from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.config.options.data import ArraysData, Named
from kerastune_ft.config.options.language.tasks import CausalLm
from kerastune_ft.config.options.tasks import TextClassification
from kerastune_ft.data.open import open_source
from kerastune_ft.errors import DataError
from tests.support.image_files import Open, pixels

X = np.stack([pixels(seed, 8, 8) for seed in range(40)])
Y = np.arange(40) % 4


def _save(path: Path, **arrays: Any) -> Path:
    np.savez_compressed(path, **arrays)
    return path


@pytest.mark.parametrize("y", [Y, Y.reshape(-1, 1), np.array(list("abcd"))[Y], np.array(list("abcd"))[Y].astype("S1")])
def test_arrays_become_a_source(tmp_path: Path, open_arrays: Open, said: list[str], y: np.ndarray) -> None:
    path = _save(tmp_path / "set.npz", x=X, y=y)
    source = open_arrays(path)
    assert len(source.info.classes) == 4
    assert np.array_equal(source.labels, Y)
    assert source.keys[17] == "x[17]"
    read = list(tf.data.Dataset.range(40).map(source.element, num_parallel_calls=2).as_numpy_iterator())
    assert np.array_equal(np.stack([example["image"] for example in read]), X)
    told = len(said)
    assert open_arrays(path).info == source.info
    assert len(said) == told


@pytest.mark.parametrize(
    ("x", "dtype"), [(X[..., 0], "uint8"), (X.astype(np.float64), "float32"), (X.astype(np.int64), "uint8")]
)
def test_shapes_and_dtypes(tmp_path: Path, open_arrays: Open, x: np.ndarray, dtype: str) -> None:
    source = open_arrays(_save(tmp_path / "set.npz", a=x, b=Y), x="a", y="b")
    element = source.element(tf.constant(3, tf.int64))["image"]
    assert element.dtype == dtype
    assert np.array_equal(element, x[3])


def _make_hole(value: float) -> np.ndarray:
    x = X.astype(np.float32)
    x[5, 0, 0, 0] = value
    return x


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"images": X, "y": Y}, "data.x: .* has no array 'x'; it has images, y"),
        ({"x": X, "y": Y[:-1]}, "has 40 inputs in 'x' and 39 labels in 'y'"),
        ({"x": _make_hole(np.nan), "y": Y}, r"NaN or infinity in 1 row, the first at x\[5\]"),
        ({"x": _make_hole(np.inf), "y": Y}, r"NaN or infinity in 1 row"),
        ({"x": _make_hole(300), "y": Y}, "values from 0 to 300; images are 0 to 255"),
        ({"x": X.astype(np.int16) - 9, "y": Y}, "values from -9 to"),
        ({"x": X / 255.0, "y": Y}, r'"intensity": \[0, 1\]  in data'),
        ({"x": X[:, 0, 0], "y": Y}, r"has shape \[40, 3\]"),
        ({"x": np.zeros((40, 8, 8, 5), np.uint8), "y": Y}, r"has shape \[40, 8, 8, 5\]"),
        ({"x": X.astype(object), "y": Y}, "Pickled objects are not loaded"),
        ({"x": X, "y": Y.astype(object)}, "Pickled objects are not loaded"),
        ({"x": X, "y": np.eye(4)[Y]}, r"one-hot rows save y\.argmax\(axis=1\)"),
        ({"x": X, "y": Y + 0.5}, "class labels are integers or strings"),
        ({"x": X.astype(complex), "y": Y}, "has dtype complex128"),
    ],
)
def test_unusable_arrays_say_what_is_wrong(
    tmp_path: Path, open_arrays: Open, arrays: dict[str, np.ndarray], words: str
) -> None:
    path = _save(tmp_path / "set.npz", **arrays)
    for _ in range(2):
        with pytest.raises(DataError, match=words):
            open_arrays(path)


def test_unreadable_files(tmp_path: Path, open_arrays: Open) -> None:
    path = _save(tmp_path / "set.npz", x=X, y=Y)
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(DataError, match=r"no readable .npz file"):
        open_arrays(path)
    with pytest.raises(DataError, match="cannot be read"):
        open_arrays(tmp_path / "absent.npz")


def test_names_are_no_splits_of_an_array(tmp_path: Path, open_arrays: Open) -> None:
    with pytest.raises(DataError, match="no named splits"):
        open_arrays(_save(tmp_path / "set.npz", x=X, y=Y), splits=Named(train="train"))


def test_fingerprint_follows_the_content(tmp_path: Path, open_arrays: Open) -> None:
    first = open_arrays(_save(tmp_path / "a.npz", x=X, y=Y)).info.fingerprint
    other = X.copy()
    other[0, 0, 0, 0] ^= 1
    assert open_arrays(_save(tmp_path / "b.npz", x=other, y=Y)).info.fingerprint != first
    assert open_arrays(_save(tmp_path / "c.npz", x=X, y=Y[::-1])).info.fingerprint != first


def test_empty_texts_are_an_error_or_left_out_with_their_labels_and_groups(tmp_path: Path) -> None:
    x = np.array([f"What is {row}?" for row in range(20)])
    x[3], x[5] = "", "  "
    y, groups = np.array(["a", "b"] * 10), np.array([f"g{row // 2}" for row in range(20)])
    path = _save(tmp_path / "texts.npz", x=x, y=y, g=groups)
    task = TextClassification(kind="text_classification")

    def open_texts(**options: Any) -> Any:
        data = ArraysData(kind="arrays", path=str(path), group="g", **options)
        return open_source(data, task, tmp_path / "cache", lambda line: None)

    with pytest.raises(DataError, match=r'2 examples of 20 (.|\n)*x\[3\](.|\n)*"on_missing": "skip"'):
        open_texts()
    source = open_texts(on_missing="skip")
    kept = [row for row in range(20) if row not in (3, 5)]
    assert list(source.keys) == [f"x[{row}]" for row in kept]
    assert [source.info.classes[number] for number in source.labels] == [y[row] for row in kept]
    assert list(source.groups) == [groups[row] for row in kept]
    assert len(source.info.skipped) == 2


def test_an_answer_that_is_empty_is_refused(tmp_path: Path) -> None:
    answers = [f"It is {row}." for row in range(20)]
    answers[4] = " "
    path = _save(tmp_path / "texts.npz", x=np.array([f"What is {row}?" for row in range(20)]), y=np.array(answers))
    data = ArraysData(kind="arrays", path=str(path))
    with pytest.raises(DataError, match=r"no answer for 1 example of 20: y\[4\]\.\nWrite the answers"):
        open_source(data, CausalLm(kind="causal_lm"), tmp_path / "cache", lambda line: None)
