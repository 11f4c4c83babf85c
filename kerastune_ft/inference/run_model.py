"""The model of a run directory and the task that decodes its outputs, shared by all predictors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from kerastune_ft.config.run import RunConfig
from kerastune_ft.inference.output.form import PLAIN, OutputForm
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.saved_model.build import open_serving
from kerastune_ft.saved_model.calibration import adjust_answers
from kerastune_ft.saved_model.head_features import with_head_features
from kerastune_ft.saved_model.unknown import COLUMNS, read_unknown
from kerastune_ft.tasks.base import Placement, Prediction
from kerastune_ft.tiles.grid import TiledPicture

ERROR, MASK, BOXES, UNKNOWN = "error", "mask", "boxes", COLUMNS[1]
Row = dict[str, Any]


class RunModel:
    """The trained model of a run, from inputs as in training to raw outputs, and the rows made of these."""

    def __init__(self, run: RunDirectory, config: RunConfig, plan: Mapping[str, Any], form: OutputForm = PLAIN) -> None:
        """Load the model; raise ConfigError where the run has none, or cannot answer in the form that is wanted."""
        serving = open_serving(run, config, plan)
        self.choice_notes = adjust_answers(run, serving.task, form.calibrated, form.coverage)
        """Notes on the temperature and the limits that answers use."""
        self.task, self._unknown = serving.task, read_unknown(run)
        if form.threshold is not None:
            self.task.set_thresholds(dict.fromkeys(self.task.scheme.names, form.threshold))
        self.model = serving.trained
        if self._unknown is not None:
            self.model = with_head_features(serving.trained, self._unknown.places)
        """From inputs as in training to raw outputs, and behind these the features where unknown answers need them."""
        places = (*((MASK,) if self.task.predicts_masks else ()), *((BOXES,) if self.task.predicts_boxes else ()))
        unknown = COLUMNS if self._unknown else ()
        self.columns = (*name_inputs(plan), *places, *self.task.output_columns, *unknown, ERROR)

    def row(self, name: str, problem: str | None, cells: Iterator[Row]) -> Row:
        """Return the row of an input, with its problem or the next of `cells`."""
        empty = dict.fromkeys(self.columns)
        return empty | {"input": name, ERROR: problem} | ({} if problem else next(cells))

    def cells(self, outputs: np.ndarray, placements: Sequence[Placement | None] | None = None) -> Iterator[Row]:
        """Yield the cells of each input from the outputs of `model`; `placements` are as in `Task.decode`."""
        if self._unknown is not None:
            outputs, features = np.split(outputs, [len(self.task.scheme.names)], axis=1)
            found = self._unknown.columns(self._unknown.measure(features))
            own = zip(*(values.tolist() for values in found.values()), strict=True)
            for cells, values in zip(self._cells(outputs, placements), own, strict=True):
                yield cells | dict(zip(found, values, strict=True))
            return
        yield from self._cells(outputs, placements)

    def join_cells(self, picture: TiledPicture, tiles: Iterable[np.ndarray]) -> Row:
        """Return the cells of a picture from the outputs of `model` for each of its tiles, in order."""
        return _make_cells(self.task.decode_tiles(picture, tiles), self.task.scheme.names)

    def _cells(self, outputs: np.ndarray, placements: Sequence[Placement | None] | None) -> Iterator[Row]:
        for prediction in self.task.decode(outputs, placements or [None] * len(outputs)):
            yield _make_cells(prediction, self.task.scheme.names)


def name_inputs(plan: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the columns of the input in rows of a run with this plan.json: `input`, and `input_2` for pairs."""
    # Of several inputs the first names an example, in one column.
    parts = 1 if plan.get("inputs") else (plan.get("text") or {}).get("texts", 1)
    return ("input", *(f"input_{part}" for part in range(2, parts + 1)))


def _make_cells(prediction: Prediction, names: Sequence[str]) -> Row:
    cells: Row = {name: _to_plain(value) for name, value in prediction.cells.items()}
    if prediction.mask is not None:
        cells[MASK] = prediction.mask
    if prediction.boxes is not None:
        cells[BOXES] = [
            {"label": names[int(number)], "score": _to_plain(score), "box": [_to_plain(edge) for edge in box]}
            for *box, number, score in prediction.boxes.tolist()
        ]
    return cells


def _to_plain(value: Any) -> Any:
    """Return a cell as a text, a count as it is, or a float with the digits that float32 has."""
    return value if isinstance(value, str | int) else float(f"{value:.12g}")
