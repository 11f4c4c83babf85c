"""The contract of a predictor: the model of a run with the way from items to rows of predictions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from kerastune_ft.config.run import RunConfig
from kerastune_ft.inference.items import Item, Listing
from kerastune_ft.inference.output.form import PLAIN, OutputForm
from kerastune_ft.inference.read_options import ReadOptions
from kerastune_ft.inference.run_model import Row, RunModel, name_inputs
from kerastune_ft.rundir import RunDirectory


class Predictor(ABC):
    """Predicts on items of one modality; there is a subclass for each."""

    def __init__(self, run: RunDirectory, config: RunConfig, plan: Mapping[str, Any], form: OutputForm = PLAIN) -> None:
        """Load the model of a run; `plan` is its plan.json. Raises ConfigError where the run has no model."""
        self._run_model = RunModel(run, config, plan, form)
        self.choice_notes = self._run_model.choice_notes
        self.columns, self.input_columns = self._run_model.columns, name_inputs(plan)

    @classmethod
    @abstractmethod
    def list_inputs(cls, inputs: Sequence[Any], options: ReadOptions, plan: Mapping[str, Any]) -> list[Listing]:
        """Return a listing of items for each input, without loading the model.

        An input that cannot be read becomes an item with a problem. Raises ConfigError for objects that are no inputs,
        and for tables and array files of which nothing says what to read.
        """

    @abstractmethod
    def batches(self, items: Iterable[Item], size: int) -> Iterator[list[Row]]:
        """Yield lists of rows, one row for each item in order; the model computes `size` inputs at once."""

    @abstractmethod
    def read(self, item: Item) -> Any:
        """Return an item prepared for `answer`; its attribute `problem` says why one cannot be answered, else None."""

    @abstractmethod
    def answer(self, read: Sequence[Any], shape: int) -> list[Row]:
        """Return a row for each of some items that were read, computed as one batch of `shape` examples or more."""

    def warm(self, read: Any, shapes: Sequence[int]) -> None:
        """Compute a prepared item in batches of these shapes, so that all is compiled that `answer` needs for them."""
        for shape in shapes:
            self.answer([read] * shape, shape)

    @abstractmethod
    def notes(self) -> list[str]:
        """Return sentences for the user about the items of the last `batches`, such as how many texts were cut."""
