"""A run as a served model: what its rows become."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kerastune_ft.config.options.inputs import InputColumns
from kerastune_ft.inference.decode_ahead import DecodedInput
from kerastune_ft.inference.items import Item
from kerastune_ft.serving import run_model
from kerastune_ft.serving.run_model import RunServed, split_labels
from tests.support.places import import_environment
from tests.support.served import picture


@pytest.mark.parametrize("found", [[], ["a"], ["a", "b c"], ["b c", "d"], ["a", "b c", "d"]])
def test_labels_that_a_cell_joins_are_found_again(found: list[str]) -> None:
    assert split_labels("|".join(found), ("a", "b c", "d")) == found
    assert split_labels("ab", ("a", "ab")) == ["ab"]


class Predictor:
    """Reads what begins with P, and has a row for each; tells of the shapes it is asked for."""

    input_columns = ("input",)

    def __init__(self, row: dict[str, Any]) -> None:
        self._row = row
        self.shapes: list[int] = []

    def read(self, item: Item) -> Any:
        problem = None if (item.content or b"P").lstrip(b"\x89").startswith(b"P") else "is no image"
        return DecodedInput(item.name, None, item.problem or problem)

    def answer(self, read: list[Any], shape: int) -> list[dict[str, Any]]:
        self.shapes.append(shape)
        return [{"input": "", "error": None, **self._row} for _ in read]

    def warm(self, read: Any, shapes: tuple[int, ...]) -> None:
        self.shapes += shapes


class Config:
    """The part of a configuration that counts here."""

    modality = "image"
    data = SimpleNamespace(inputs=None)

    def __init__(self, task: Any) -> None:
        self.task = task


class Directory:
    """A run directory whose plan.json says this of labels."""

    def __init__(self, kind: str, names: tuple[str, ...]) -> None:
        self._labels = {"kind": kind, "names": list(names), "mean": [], "deviation": []}

    def read_json(self, name: str) -> dict[str, Any]:
        return {"labels": self._labels}


def serve(monkeypatch: pytest.MonkeyPatch, kind: str, names: tuple[str, ...], row: dict[str, Any]) -> tuple[Any, Any]:
    from kerastune_ft.config.options.tasks import ImageClassification

    predictor = Predictor(row)
    monkeypatch.setattr(run_model, "open_predictor", lambda run, config: predictor)
    monkeypatch.setattr(run_model, "ignore_warnings_of_pillow", lambda: None)
    directory: Any = Directory(kind, names)
    config: Any = Config(ImageClassification())
    return RunServed(directory, config, "cells", (1, 2, 4)), predictor


SCORES = {"probability_a": 0.75, "probability_b": 0.25}


@pytest.mark.parametrize(
    ("kind", "row", "answer"),
    [
        ("one", {"label": "a", "probability": 0.75, **SCORES}, {"label": "a", "probabilities": {"a": 0.75, "b": 0.25}}),
        ("one", {"label": "a", **SCORES, "distance": 0.5, "unknown": True},
         {"label": "a", "probabilities": {"a": 0.75, "b": 0.25}, "distance": 0.5, "unknown": True}),
        ("several", {"label": "a|b", **SCORES}, {"labels": ["a", "b"], "probabilities": {"a": 0.75, "b": 0.25}}),
        ("values", {"value_a": 1.5, "value_b": 2.0}, {"values": {"a": 1.5, "b": 2.0}}),
    ],
)  # fmt: skip
def test_rows_become_answers(
    monkeypatch: pytest.MonkeyPatch, kind: str, row: dict[str, Any], answer: dict[str, Any]
) -> None:
    model, _ = serve(monkeypatch, kind, ("a", "b"), row)
    assert model.answer([model.read(picture(0))]) == [answer]


def test_one_value_and_masks(monkeypatch: pytest.MonkeyPatch) -> None:
    model, _ = serve(monkeypatch, "values", ("size",), {"value": 3.5})
    assert model.answer([model.read(picture(0))]) == [{"value": 3.5}]
    mask = np.zeros((2, 3), np.uint8)
    model, _ = serve(monkeypatch, "mask", ("a", "b"), {"mask": mask, "share_a": 1.0, "share_b": 0.0})
    assert model.answer([model.read(picture(0))]) == [{"mask": mask}]


def test_boxes_are_those_of_the_row(monkeypatch: pytest.MonkeyPatch) -> None:
    boxes = [{"label": "b", "score": 0.75, "box": [1.0, 2.0, 3.0, 4.5]}]
    model, _ = serve(monkeypatch, "boxes", ("a", "b"), {"boxes": boxes, "count_a": 0.0, "count_b": 1.0})
    assert model.answer([model.read(picture(0))]) == [{"boxes": boxes}]


def test_several_inputs_become_an_item_of_parts_and_cells() -> None:
    inputs = InputColumns(image="photo", text="note", numbers=("age", "dose"), words=("ward", "arm"))
    words = [{"name": name, "categories": ["A"], "missing": 0} for name in ("ward", "arm")]
    config: Any = SimpleNamespace(modality="several_inputs", data=SimpleNamespace(inputs=inputs))
    form, make_item = run_model._MODALITIES["several_inputs"](config, {"inputs": {"columns": {"words": words}}}, 1)
    given = {"image": b"P", "text": ("a note",), "numbers": (1.5, None), "words": (None, "A")}
    item = make_item(given)
    assert (item.parts["image"].content, item.parts["text"].texts) == (b"P", ("a note",))
    assert item.cells == {"age": "1.5", "dose": "", "ward": "", "arm": "A"}
    assert form.names == ("image_bytes", "text", "numbers", "words")


def test_batches_have_one_of_few_shapes(monkeypatch: pytest.MonkeyPatch) -> None:
    model, predictor = serve(monkeypatch, "values", ("size",), {"value": 3.5})
    example = model.read(picture(0))
    for count in (1, 2, 3, 4):
        assert len(model.answer([example] * count)) == count
    assert predictor.shapes == [1, 2, 4, 4]
    with pytest.raises(ValueError, match="is no image"):
        model.read(b"no image")


def test_what_opens_runs_alone_of_the_room_needs_tensorflow() -> None:
    room = Path(run_model.__file__).parent
    paths = [path.relative_to(room).with_suffix("") for path in room.rglob("*.py")]
    names = [
        ".".join(path.parts)
        for path in paths
        if path.name not in ("run_model", "run_writer", "run_transcriber", "__init__")
    ]
    lines = [f"import kerastune_ft.serving.{name}" for name in names]
    heavy = "{'tensorflow', 'keras', 'pandas', 'pyarrow', 'h5py', 'scipy'}"
    script = [
        *lines,
        "import kerastune_ft.cli, kerastune_ft.api.use.serving, sys",
        f"print({heavy} & set(sys.modules))",
    ]
    words = [sys.executable, "-c", "\n".join(script)]
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=import_environment())
    assert done.stdout == "set()\n"
