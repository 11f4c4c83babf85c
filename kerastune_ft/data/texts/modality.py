"""Reading texts and pairs of texts: from files, table cells, arrays, the embedded data sets and TensorFlow Datasets."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from kerastune_ft.config.options.data import ArraysData, FolderData, TableData, TfdsData
from kerastune_ft.data.embedded import TEXTS, EmbeddedTexts, embedded_texts
from kerastune_ft.data.files import find
from kerastune_ft.data.files.array_values import decode_text
from kerastune_ft.data.files.npz import ArrayFile
from kerastune_ft.data.inputs import Inputs, select
from kerastune_ft.data.labels.base import Labels
from kerastune_ft.data.modality import FileList, Modality, PreparedExamples, ReadContext, RowInputs, StoredForm
from kerastune_ft.data.record_store import Entry, RecordStore
from kerastune_ft.data.remedies import how_to_skip
from kerastune_ft.data.source import SkippedFile
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.data.texts.check import find_complete, find_text_notes
from kerastune_ft.data.texts.placeholders import describe_placeholders
from kerastune_ft.data.texts.read import array_texts, column_texts, read_text
from kerastune_ft.data.texts.text_source import Texts, TextSource, shorten, text_identity
from kerastune_ft.errors import DataError
from kerastune_ft.wording import counted, lines

# Counted up when what is stored changes, so that an older store is not taken for one of today.
_STORE_VERSION = 2


class TextInputs(Modality):
    """Texts, or pairs of them."""

    noun = "text"
    file_kind = find.TEXTS
    embedded_names: ClassVar[tuple[str, ...]] = TEXTS
    feature = "Text"
    feature_words = "text"
    takes_pairs = True
    source: ClassVar[type[TextSource]] = TextSource
    """The class of the sources of such texts."""

    def read_files(self, files: FileList, options: FolderData, context: ReadContext) -> Inputs:
        """Return the texts of .txt files in UTF-8; raise DataError for files that may not be left out."""
        readable: list[int] = []
        found: list[Texts] = []
        bad: list[SkippedFile] = []
        for index, path in enumerate(files.paths):
            try:
                found.append((read_text(path),))
                readable.append(index)
            except DataError as problem:
                bad.append(SkippedFile(files.names[index], str(problem)))
        if bad and options.on_bad_file == "error":
            raise DataError(
                f"data.path: {len(bad)} of {counted(len(files.paths), 'text file')} in {options.path} cannot be used:\n"
                f"{lines([(file.path, file.reason) for file in bad])}\n"
                f"Write them in UTF-8, or {how_to_skip(['on_bad_file'], 'them')}."
            )
        names = [files.names[index] for index in readable]
        complete, empty = find_complete(found, names, options.on_missing, str(options.path), context.rules)
        texts = [found[index] for index in complete]
        kept = [readable[index] for index in complete]
        hashes = [hashlib.sha256(text.encode()).hexdigest() for (text,) in texts]
        return self.describe(texts, select(files.names, kept), False, context, kept, (*bad, *empty), hashes)

    def describe(
        self,
        texts: Sequence[Texts],
        keys: Sequence[str],
        is_labelled: bool,
        context: ReadContext,
        kept: Sequence[int],
        skipped: tuple[SkippedFile, ...] = (),
        hashes: Sequence[str] | None = None,
    ) -> Inputs:
        """Return the inputs that texts are; `keys` are theirs, and `is_labelled` says whether the data names labels."""
        return _describe(texts, self.source, kept, skipped, hashes)

    def find_in_rows(self, table: TextTable, options: TableData, context: ReadContext) -> RowInputs:
        """Return the texts that the rows of a table hold."""
        return TextRows(table, options, context, self.source)

    def read_array(self, file: ArrayFile, options: ArraysData, context: ReadContext) -> Inputs:
        """Return the texts of the array `options.x`."""
        texts = array_texts(file.array(options.x, "x"), options.x, f"data.x: {options.x!r} in {file.path}")
        names = [f"{options.x}[{row}]: {shorten(each)}" for row, each in enumerate(texts)]
        kept, skipped = find_complete(texts, names, options.on_missing, str(file.path), context.rules)
        return _describe([texts[row] for row in kept], self.source, kept, skipped)

    def find_embedded(self, name: str) -> EmbeddedTexts:
        """Return the module of an embedded data set of texts."""
        return embedded_texts(name)

    def read_embedded(self, name: str, context: ReadContext) -> Inputs:
        """Return the texts of an embedded data set."""
        source = embedded_texts(name)
        texts = [source.text(index) for index in range(source.EXAMPLES)]
        return _describe(texts, self.source, kept=range(len(texts)))

    def store_form(self, examples: PreparedExamples, options: TfdsData, context: ReadContext) -> StoredForm:
        """Return how the texts of a prepared builder are stored: as JSON lists of strings."""

        def write(split: str) -> Iterator[Entry]:
            for position, (texts, label, group) in enumerate(examples.read(split)):
                place = f"data.input: {' and '.join(examples.inputs)} of {split}[{position}]"
                yield Entry(json.dumps([decode_text(text, place) for text in texts]).encode(), label, group)

        def read(store: RecordStore) -> Inputs:
            texts: list[Texts] = [tuple(json.loads(store.content(index))) for index in range(len(store.keys))]
            names = [f"{key}: {shorten(each)}" for key, each in zip(store.keys, texts, strict=True)]
            kept, skipped = find_complete(texts, names, options.on_missing, options.name, context.rules)
            own = [texts[index] for index in kept]
            return self.describe(own, select(store.keys, kept), options.label is not None, context, kept, skipped)

        return StoredForm(["texts", _STORE_VERSION], write, read)


class TextRows(RowInputs):
    """The texts that the rows of a table hold."""

    def __init__(
        self, table: TextTable, options: TableData, context: ReadContext, source: type[TextSource] = TextSource
    ) -> None:
        wanted: Any = options.input
        self._source, self._columns = source, [wanted] if isinstance(wanted, str) else list(wanted)
        self.texts = column_texts(table, wanted)
        self._rule, self._place, self._rules = options.on_missing, str(table.path), context.rules
        self.keys = [table.name_row(row) for row in range(len(self.texts))]
        self.names = [f"{key}: {shorten(each)}" for key, each in zip(self.keys, self.texts, strict=True)]

    def select(self, rows: Sequence[int]) -> tuple[list[int], tuple[SkippedFile, ...]]:
        """Return which of these rows have all their texts, and the others."""
        texts, names = [self.texts[row] for row in rows], [self.names[row] for row in rows]
        complete, skipped = find_complete(texts, names, self._rule, self._place, self._rules)
        return [rows[index] for index in complete], skipped

    def read(self, rows: Sequence[int]) -> Inputs:
        """Return the texts of some rows."""
        return _describe([self.texts[row] for row in rows], self._source, kept=range(len(rows)))

    def find_notes(self, labels: Sequence[str]) -> tuple[str, ...]:
        """Return sentences on texts that may stand for none."""
        by_column = zip(self._columns, zip(*self.texts, strict=True), strict=False)
        return tuple(note for name, texts in by_column for note in describe_placeholders(name, texts, is_learnt=False))

    def add_problems(self, error: DataError) -> DataError:
        """Return an error about rows without a label that also names the rows without a text."""
        try:
            find_complete(self.texts, self.names, self._rule, self._place, self._rules)
        except DataError as empty:
            return DataError(f"{error}\n{empty}")
        return error


def _describe(
    texts: Sequence[Texts],
    source: type[TextSource],
    kept: Sequence[int],
    skipped: tuple[SkippedFile, ...] = (),
    hashes: Sequence[str] | None = None,
) -> Inputs:
    def find_notes(skipped: Sequence[SkippedFile], labels: Labels, splits: Mapping[str, np.ndarray]) -> Sequence[str]:
        return find_text_notes(texts, skipped, labels, splits)

    contents = [text_identity(each) for each in texts]
    return Inputs(
        contents=contents,
        hashes=contents if hashes is None else hashes,
        make_source=lambda catalogue: source(catalogue, texts),
        kept=kept,
        skipped=skipped,
        find_notes=find_notes,
    )
