"""Reading examples with several inputs, which only the rows of a table have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from kerastune_ft.config.options.data import ArraysData, FolderData, TableData, TfdsData
from kerastune_ft.config.options.task_facts import IMAGE, TEXT
from kerastune_ft.data.files.find import IMAGES
from kerastune_ft.data.files.npz import ArrayFile
from kerastune_ft.data.inputs import Inputs
from kerastune_ft.data.modality import FileList, Modality, PreparedExamples, ReadContext, RowInputs, StoredForm
from kerastune_ft.data.several.columns import read_columns
from kerastune_ft.data.several.rows import SeveralRows
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.errors import ConfigError


class SeveralInputs(Modality):
    """Examples that have pictures, a text, numbers and words, by the names that data.input gives them."""

    noun = "example"
    file_kind = IMAGES
    embedded_names = ()
    feature = ""
    feature_words = "several inputs"

    def __init__(self, modalities: Mapping[str, Modality]) -> None:
        """`modalities` read the parts."""
        self._modalities = modalities

    def find_in_rows(self, table: TextTable, options: TableData, context: ReadContext) -> RowInputs:
        """Return the inputs that the rows of a table name and hold."""
        inputs = options.inputs
        assert inputs is not None, "inputs by name"
        parts = {
            name: self._modalities[IMAGE].find_in_rows(table, _with_input(options, column), context)
            for name, column in inputs.images.items()
        }
        if inputs.text is not None:
            parts[TEXT] = self._modalities[TEXT].find_in_rows(table, _with_input(options, inputs.text), context)
        return SeveralRows(parts, read_columns(table, inputs), context)

    def read_files(self, files: FileList, options: FolderData, context: ReadContext) -> Inputs:
        """Raise ConfigError: files of a folder are one input each."""
        self._refuse()

    def read_array(self, file: ArrayFile, options: ArraysData, context: ReadContext) -> Inputs:
        """Raise ConfigError: an array is one input."""
        self._refuse()

    def find_embedded(self, name: str) -> Any:
        """Raise ConfigError: embedded examples have one input."""
        self._refuse()

    def read_embedded(self, name: str, context: ReadContext) -> Inputs:
        """Raise ConfigError: embedded examples have one input."""
        self._refuse()

    def store_form(self, examples: PreparedExamples, options: TfdsData, context: ReadContext) -> StoredForm:
        """Raise ConfigError: examples of TensorFlow Datasets are read by one input."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise ConfigError("data.input: several inputs are columns of a table; give a table with a row per example")


def _with_input(options: TableData, column: Any) -> TableData:
    return options.model_copy(update={"input": column})
