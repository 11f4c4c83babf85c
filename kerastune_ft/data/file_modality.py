"""Reading inputs that are one file each, of any modality whose files are checked before training."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerastune_ft.config.options.data import FolderData, TableData
from kerastune_ft.data.byte_cells import find_input_files
from kerastune_ft.data.duplicates import describe_equal, group_equal
from kerastune_ft.data.files.check import CheckedFile, FileCheck
from kerastune_ft.data.files.file_source import FileSource, find_usable
from kerastune_ft.data.inputs import DefaultGroups, Inputs
from kerastune_ft.data.labels.base import Labels
from kerastune_ft.data.modality import FileList, Modality, ReadContext, RowInputs
from kerastune_ft.data.source import Catalogue, SkippedFile
from kerastune_ft.data.tables.file_columns import NamedFiles, check_files, find_file_notes
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.errors import ConfigError


class FileModality(Modality):
    """A modality whose examples may be files, each of which a check reads once before training."""

    @abstractmethod
    def make_check(self, options: FolderData | TableData, folder: Path, context: ReadContext) -> FileCheck[Any]:
        """Return what checks the files of a folder."""

    @abstractmethod
    def make_source(self, catalogue: Catalogue, files: Sequence[Any], context: ReadContext) -> FileSource:
        """Return the source that reads checked files."""

    @abstractmethod
    def find_notes(
        self, files: Sequence[Any], labels: Labels, options: FolderData | TableData, context: ReadContext
    ) -> tuple[str, ...]:
        """Return sentences about checked files that the user should read."""

    def refuse(self, names: Sequence[str], files: Sequence[Any]) -> None:
        """Raise DataError for checked files that need a decision of the user, given their names."""

    def check_set(self, files: Sequence[Any], options: FolderData | TableData, context: ReadContext) -> tuple[str, ...]:
        """Return what the user should read about usable files as a whole; raise DataError where they do not fit."""
        return ()

    def size_of(self, file: Any) -> tuple[int, int] | None:
        """Return height and width of a checked image; None for anything else."""
        return None

    def find_groups(self, paths: Sequence[str], files: Sequence[Any]) -> DefaultGroups | None:
        """Return the groups that checked files, which lie at `paths`, say they belong to; None where they say none."""
        return None

    def read_files(self, files: FileList, options: FolderData, context: ReadContext) -> Inputs:
        """Return the checked inputs of files; raise DataError for those that may not be left out."""
        checked = self.make_check(options, files.folder, context).check(files.paths)
        return self.take_usable(files.names, files.paths, checked, options, context)

    def find_in_rows(self, table: TextTable, options: TableData, context: ReadContext) -> RowInputs:
        """Return the files that the rows of a table name."""
        wanted = options.input
        if not isinstance(wanted, str):
            raise ConfigError("data.input: two columns are a pair of texts; name one column, or a template of columns.")
        files = find_input_files(table, wanted, self.file_kind, context.cache_directory, context.report)
        return FileRows(self, table, files, options, context)

    def take_usable(
        self,
        names: Sequence[str],
        paths: Sequence[str],
        checked: Sequence[CheckedFile],
        options: FolderData | TableData,
        context: ReadContext,
    ) -> Inputs:
        """Return the inputs of the files that can be used; raise DataError for others that may not be left out."""
        self.refuse(names, checked)
        kept, skipped = find_usable(names, checked, options, self.noun)
        files = [checked[index] for index in kept]
        notes = self.check_set(files, options, context)

        def find_notes(_: Sequence[SkippedFile], labels: Labels, splits: Mapping[str, np.ndarray]) -> Sequence[str]:
            equal = group_equal(file.sha256 for file in files)
            repeated = describe_equal(equal, labels, splits, self.noun, "files")
            return (*notes, *self.find_notes(files, labels, options, context), *repeated)

        return Inputs(
            contents=[file.content for file in files],
            hashes=[file.sha256 for file in files],
            make_source=lambda catalogue: self.make_source(catalogue, files, context),
            kept=kept,
            skipped=skipped,
            find_notes=find_notes,
            sizes=[self.size_of(file) for file in files],
            default_groups=self._choose_groups([paths[index] for index in kept], files, options, context),
        )

    def _choose_groups(
        self, paths: Sequence[str], files: Sequence[Any], options: FolderData | TableData, context: ReadContext
    ) -> DefaultGroups | None:
        return None if options.group is not None or context.unsplit else self.find_groups(paths, files)


class FileRows(RowInputs):
    """The files that the rows of a table name."""

    def __init__(
        self, modality: FileModality, table: TextTable, files: NamedFiles, options: TableData, context: ReadContext
    ) -> None:
        self.names, self.keys = files.names, files.keys
        self._modality, self._table, self._files = modality, table, files
        self._options, self._context = options, context

    def find_notes(self, labels: Sequence[str]) -> tuple[str, ...]:
        """Return sentences about files that several rows name, and about those outside the folder of the table."""
        return find_file_notes(self._table, self._files, labels)

    def read(self, rows: Sequence[int]) -> Inputs:
        """Return the checked files of some rows."""
        check = self._modality.make_check(self._options, Path(self._files.folder), self._context)
        checked = check_files(self._files, rows, check, str(self._options.input))
        names = [self.names[row] for row in rows]
        paths = [self._files.paths[row] for row in rows]
        return self._modality.take_usable(names, paths, checked, self._options, self._context)
