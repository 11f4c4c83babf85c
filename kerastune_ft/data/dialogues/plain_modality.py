"""Reading plain texts of which words are hidden: each is an example, or each block of a long one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kerastune_ft.config.options.data import TableData
from kerastune_ft.data.dialogues.dialogue_rows import PlainRows
from kerastune_ft.data.dialogues.messages import are_messages
from kerastune_ft.data.dialogues.modality import Dialogues
from kerastune_ft.data.dialogues.plain_texts import describe_plain
from kerastune_ft.data.embedded import PLAIN_TEXTS, EmbeddedTexts, embedded_texts
from kerastune_ft.data.inputs import Inputs
from kerastune_ft.data.modality import ReadContext, RowInputs
from kerastune_ft.data.source import SkippedFile
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.data.texts.modality import TextInputs
from kerastune_ft.data.texts.text_source import Texts, text_identity
from kerastune_ft.errors import DataError


class PlainTexts(Dialogues):
    """Texts without labels; a text that is whole is known by the same hash as in a task with labels."""

    embedded_names = PLAIN_TEXTS

    def takes_feature(self, feature: Any) -> bool:
        """Return whether a feature is a text: messages have turns, and here nothing is answered."""
        return TextInputs.takes_feature(self, feature)

    def find_in_rows(self, table: TextTable, options: TableData, context: ReadContext) -> RowInputs:
        """Return the texts that the rows of a table hold; raise DataError where they are dialogues."""
        column = options.input_columns[0]
        if column in table.cells and are_messages(table.cells[column]):
            raise DataError(
                f'data.input: the column "{column}" of {table.path} holds lists of messages, and '
                f'task.kind {context.task.kind} learns plain texts; name a column of texts, or write "kind": '
                '"causal_lm" in task'
            )
        return _Rows(table, options, context)

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
        """Return the inputs that texts are, in blocks where they are long.

        A file is known by its text, as in data with labels, and not by its hash in `hashes`.
        """
        own = [text_identity(each) for each in texts]
        return describe_plain([text for (text,) in texts], keys, context.divide, kept, skipped, own)

    def find_embedded(self, name: str) -> EmbeddedTexts:
        """Return the module of an embedded data set of texts."""
        return embedded_texts(name)

    def read_embedded(self, name: str, context: ReadContext) -> Inputs:
        """Return the texts of an embedded data set."""
        source = embedded_texts(name)
        texts = [source.text(index) for index in range(source.EXAMPLES)]
        hashes = [text_identity(each) for each in texts]
        # They are shorter than any row.
        return describe_plain([text for (text,) in texts], [], None, range(len(texts)), (), hashes)


class _Rows(PlainRows):
    def read(self, rows: Sequence[int]) -> Inputs:
        """Return the texts of some rows, in blocks where they are long."""
        texts = [self.texts[row] for row in rows]
        hashes = [text_identity(each) for each in texts]
        keys = [self.keys[row] for row in rows]
        return describe_plain([text for (text,) in texts], keys, self._divide, range(len(rows)), (), hashes)
