"""The contract of a modality: how images, sounds or texts are read and checked, wherever a kind of data found them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Protocol

from kerastune_ft.config.options.data import ArraysData, FolderData, TableData, TfdsData
from kerastune_ft.config.options.task_facts import TaskFacts, facts
from kerastune_ft.config.options.tasks import Task
from kerastune_ft.data.blocks import Divide
from kerastune_ft.data.files.find import FileKind
from kerastune_ft.data.files.npz import ArrayFile
from kerastune_ft.data.inputs import Inputs
from kerastune_ft.data.record_store import Entry, RecordStore
from kerastune_ft.data.source import Report, SkippedFile
from kerastune_ft.data.tables.label_columns import LabelCells
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.errors import DataError
from kerastune_ft.rules import NEWEST, Rules


@dataclass(frozen=True)
class ReadContext:
    """Everything that reading data needs beside the options of the data."""

    task: Task
    cache_directory: Path
    """Where archives are unpacked and where the results of checks are kept."""
    report: Report
    unsplit: bool = False
    """Whether all examples become the test split: other data, which a finished run is evaluated on."""
    rules: Rules = NEWEST
    """The rules of the run that reads them."""
    divide: Divide | None = None
    """Divides long texts that are learnt whole into blocks; None where they stay whole."""

    @cached_property
    def facts(self) -> TaskFacts:
        """The facts of the task."""
        return facts(self.task)


@dataclass(frozen=True)
class FileList:
    """Files of one folder that are examples."""

    folder: Path
    paths: Sequence[str]
    names: Sequence[str]
    """The name of each in messages."""


class RowInputs(ABC):
    """The inputs of a table's rows, before they are read."""

    names: Sequence[str]
    """For each row, the name of its example in messages."""
    keys: Sequence[str]
    """For each row, the identity of its example for the user."""

    def select(self, rows: Sequence[int]) -> tuple[list[int], tuple[SkippedFile, ...]]:
        """Return which of these rows have an input, and the others; raise DataError where these may not be left out.

        Only what the table itself says is considered, so it takes no time.
        """
        return list(rows), ()

    @abstractmethod
    def read(self, rows: Sequence[int]) -> Inputs:
        """Return the checked inputs of some rows; `kept` are positions among `rows`."""

    def find_labels(self) -> LabelCells:
        """Return the labels that the inputs themselves hold, where data.label names no column."""
        raise AssertionError("only texts to go on with hold their labels")

    def find_notes(self, labels: Sequence[str]) -> tuple[str, ...]:
        """Return sentences the user should read about the rows, whose labels as text are `labels`."""
        return ()

    def add_problems(self, error: DataError) -> DataError:
        """Return an error about rows without a label that also names the rows without an input."""
        return error


class PreparedExamples(Protocol):
    """The examples of a prepared TensorFlow Datasets builder."""

    @property
    def name(self) -> str:
        """Return the name of the data set with config and version."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Return the features that are the input."""

    @property
    def splits(self) -> Sequence[str]:
        """Return the splits of the builder that are read."""

    def feature(self, name: str) -> Any:
        """Return a feature of the builder."""

    def explain_feature(self, name: str) -> str:
        """Return the message about a feature that is no input of the modality."""

    def read(
        self, split: str, undecoded: Iterable[str] = ()
    ) -> Iterator[tuple[tuple[Any, ...], str | list[str], list[str]]]:
        """Give inputs, label and group (none or one) of every example; `undecoded` features as they are stored."""


@dataclass(frozen=True)
class StoredForm:
    """The way the examples of a builder are written into a store once and read from it."""

    address: list[Any]
    """The facts that decide the store's name beside the builder's files."""
    write: Callable[[str], Iterator[Entry]]
    """Gives the entries of a split of the builder."""
    read: Callable[[RecordStore], Inputs]
    """Returns the inputs of a store."""
    notes: tuple[str, ...] = ()


class Modality(ABC):
    """Finds, checks and reads the inputs of one modality."""

    noun: ClassVar[str]
    """The word for an example in messages."""
    file_kind: ClassVar[FileKind]
    embedded_names: ClassVar[tuple[str, ...]]
    """The embedded data sets of this modality."""
    feature: ClassVar[str]
    """The class of `tensorflow_datasets.features` that such inputs have."""
    feature_words: ClassVar[str]
    """The words for such a feature in messages."""
    takes_pairs: ClassVar[bool] = False
    """Whether an example may have two inputs."""

    def takes_feature(self, feature: Any) -> bool:
        """Return whether a feature of a prepared TensorFlow Datasets builder is an input of the modality."""
        import tensorflow_datasets as tfds

        return isinstance(feature, getattr(tfds.features, self.feature))

    @abstractmethod
    def read_files(self, files: FileList, options: FolderData, context: ReadContext) -> Inputs:
        """Return the checked inputs of files; raise DataError for those that may not be left out."""

    @abstractmethod
    def find_in_rows(self, table: TextTable, options: TableData, context: ReadContext) -> RowInputs:
        """Return the inputs that the rows of a table name or hold."""

    @abstractmethod
    def read_array(self, file: ArrayFile, options: ArraysData, context: ReadContext) -> Inputs:
        """Return the checked inputs of the array `options.x`."""

    @abstractmethod
    def find_embedded(self, name: str) -> Any:
        """Return the module of an embedded data set."""

    @abstractmethod
    def read_embedded(self, name: str, context: ReadContext) -> Inputs:
        """Return the inputs of an embedded data set, generated on first use."""

    @abstractmethod
    def store_form(self, examples: PreparedExamples, options: TfdsData, context: ReadContext) -> StoredForm:
        """Return how the examples of a prepared builder are stored; raise DataError for inputs that cannot be read."""
