"""A finished run as a served model: its own decoder and model, as `predict` uses them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kerastune_ft.config.options.task_facts import AUDIO, IMAGE, SEVERAL_INPUTS, TEXT, LabelKind
from kerastune_ft.config.run import RunConfig
from kerastune_ft.data.labels.raw import SEPARATOR
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.inference.decode_ahead import ignore_warnings_of_pillow
from kerastune_ft.inference.items import Item
from kerastune_ft.inference.predict import open_predictor
from kerastune_ft.inference.run_model import Row
from kerastune_ft.inference.text_inputs import make_text_item
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.saved_model.unknown import COLUMNS
from kerastune_ft.serving.inputs import Form, Given, make_form
from kerastune_ft.serving.several.form import NUMBERS, WORDS, SeveralForm


class RunServed:
    """The model of a run, which computes batches of few fixed sizes."""

    platform = "keras"

    def __init__(self, run: RunDirectory, config: RunConfig, name: str, shapes: Sequence[int]) -> None:
        """Load the model; `shapes` are the sizes of batches. Raises ConfigError where the run has none."""
        ignore_warnings_of_pillow()
        self.name, self._shapes = name, tuple(shapes)
        self._predictor = open_predictor(run, config)
        plan = run.read_json("plan.json")
        self.form, self._make_item = _MODALITIES[config.modality](config, plan, len(self._predictor.input_columns))
        scheme = LabelScheme.from_json(plan["labels"])
        self.classes = scheme.names
        self._pick = _ANSWERS[scheme.kind]

    def read(self, given: Given) -> Any:
        """Return an input as training would have read it; raise ValueError with the reason where it cannot be."""
        found = self._predictor.read(self._make_item(given))
        if found.problem is not None:
            raise ValueError(found.problem)
        return found

    def answer(self, examples: Sequence[Any]) -> list[dict[str, Any]]:
        """Return the answer of each prepared input."""
        shape = next((shape for shape in self._shapes if shape >= len(examples)), len(examples))
        return [self._make_answer(row) for row in self._predictor.answer(examples, shape)]

    def warm(self, example: Any, shapes: Sequence[int]) -> None:
        """Compute batches of these sizes."""
        self._predictor.warm(example, shapes)

    def _make_answer(self, row: Row) -> dict[str, Any]:
        return self._pick(row, self.classes) | {name: row[name] for name in COLUMNS if name in row}


_Opened = tuple[Form, Callable[[Any], Item]]


def _open_files(config: RunConfig, plan: Mapping[str, Any], parts: int) -> _Opened:
    form = make_form(config.modality)
    return form, lambda given: Item(form.noun, content=given)


def _open_texts(config: RunConfig, plan: Mapping[str, Any], parts: int) -> _Opened:
    return make_form(config.modality, parts), lambda given: make_text_item(given, parts)


def _open_several(config: RunConfig, plan: Mapping[str, Any], parts: int) -> _Opened:
    inputs: Any = config.data.inputs
    form = SeveralForm.of_columns(inputs, plan["inputs"]["columns"])

    def make_item(given: Mapping[str, Any]) -> Item:
        items = {name: Item(name, content=given[name]) for name in form.images}
        items |= {TEXT: make_text_item(given[TEXT], form.texts)} if form.texts else {}
        columns = zip((*form.numbers, *form.words), (*given[NUMBERS], *given[WORDS]), strict=True)
        cells = {name: "" if value is None else str(value) for name, value in columns}
        return Item(form.noun, parts=items, cells=cells)

    return form, make_item


_MODALITIES: Mapping[str, Callable[[RunConfig, Mapping[str, Any], int], _Opened]] = {
    IMAGE: _open_files,
    AUDIO: _open_files,
    TEXT: _open_texts,
    SEVERAL_INPUTS: _open_several,
}
"""What a model takes, and what makes an item of that, by the modality of its run."""


def _pick_class(row: Row, names: Sequence[str]) -> dict[str, Any]:
    return {"label": row["label"], "probabilities": _pick_probabilities(row, names)}


def _pick_classes(row: Row, names: Sequence[str]) -> dict[str, Any]:
    return {"labels": split_labels(row["label"], names), "probabilities": _pick_probabilities(row, names)}


def _pick_probabilities(row: Row, names: Sequence[str]) -> dict[str, float]:
    return {name: row[f"probability_{name}"] for name in names}


def _pick_values(row: Row, names: Sequence[str]) -> dict[str, Any]:
    return {"value": row["value"]} if len(names) == 1 else {"values": {name: row[f"value_{name}"] for name in names}}


def _pick_mask(row: Row, names: Sequence[str]) -> dict[str, Any]:
    return {"mask": row["mask"]}


def _pick_boxes(row: Row, names: Sequence[str]) -> dict[str, Any]:
    return {"boxes": row["boxes"]}


def split_labels(text: str, names: Sequence[str]) -> list[str]:
    """Return the labels that a cell of predictions joins, which are in the order of the classes."""
    found, rest = [], text
    for name in names:
        if rest == name or rest.startswith(name + SEPARATOR):
            found.append(name)
            rest = rest[len(name) + len(SEPARATOR) :]
    return found


_ANSWERS: Mapping[LabelKind, Callable[[Row, Sequence[str]], dict[str, Any]]] = {
    "one": _pick_class,
    "several": _pick_classes,
    "values": _pick_values,
    "mask": _pick_mask,
    "boxes": _pick_boxes,
}
