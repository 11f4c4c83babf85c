"""The dialogues, questions and plain texts that the rows of a table hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerastune_ft.config.options.data import TableData, TfdsData
from kerastune_ft.data.dialogues.dialogue_source import DialogueSource
from kerastune_ft.data.dialogues.messages import MessageFaultError, Messages, are_messages, read_messages
from kerastune_ft.data.dialogues.plain_texts import describe_plain
from kerastune_ft.data.dialogues.turns import Dialogue, list_contents, write_turns
from kerastune_ft.data.inputs import Inputs
from kerastune_ft.data.labels.base import Labels
from kerastune_ft.data.modality import ReadContext, RowInputs
from kerastune_ft.data.remedies import how_to_skip
from kerastune_ft.data.source import SkippedFile
from kerastune_ft.data.tables.label_columns import LabelCells
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.data.texts.check import find_text_notes
from kerastune_ft.data.texts.modality import TextRows
from kerastune_ft.data.texts.text_source import Texts, shorten, text_identity
from kerastune_ft.errors import DataError
from kerastune_ft.rules import Rules
from kerastune_ft.wording import counted, lines


class PlainRows(TextRows):
    """Texts: questions whose answers are in another column, or, where there is none, texts that are learnt whole."""

    def __init__(self, table: TextTable, options: TableData, context: ReadContext) -> None:
        super().__init__(table, options, context, DialogueSource)
        self._column, self._is_labelled, self._divide = (
            options.input_columns[0],
            options.label is not None,
            context.divide,
        )

    def read(self, rows: Sequence[int]) -> Inputs:
        """Return the questions of some rows, or their texts, in blocks where they are long."""
        if self._is_labelled:
            return super().read(rows)
        texts = [self.texts[row][0] for row in rows]
        return describe_plain(texts, [self.keys[row] for row in rows], self._divide, range(len(rows)))

    def find_labels(self) -> LabelCells:
        """Return an empty label for each row: all of its text is learnt."""
        return LabelCells("single", (self._column,), [("",)] * len(self.keys), [])


class MessageRows(RowInputs):
    """Dialogues, as lists of messages."""

    def __init__(
        self,
        cells: Sequence[Any],
        keys: Sequence[str],
        place: str,
        column: str,
        options: TableData | TfdsData,
        rules: Rules,
    ) -> None:
        """`cells` are those of a column, in the table or data set at a place, and `keys` the names of their rows."""
        self._column, self._rule, self._place, self.keys = column, options.on_missing, place, keys
        self._found: list[Messages | None] = []
        self._faults: dict[int, str] = {}
        self._is_answered = options.label is None
        for row, cell in enumerate(cells):
            try:
                self._found.append(read_messages(cell, is_answered=self._is_answered, rules=rules))
            except MessageFaultError as fault:
                self._faults[row] = str(fault)
                self._found.append(None)
        self._contexts = [self._cut_answer(one) for one in self._found]
        self.names = [
            f"{key}: {shorten((write_turns(context),))}" for key, context in zip(self.keys, self._contexts, strict=True)
        ]

    def _cut_answer(self, found: Messages | None) -> Dialogue:
        if found is None:
            return ()
        return found.turns[:-1] if self._is_answered else found.turns

    def find_labels(self) -> LabelCells:
        """Return the last answer of each row."""
        return LabelCells("single", (self._column,), [(answer,) for answer in self.answers], [])

    @property
    def answers(self) -> list[str]:
        """Return the last message of each row, which is what is learnt last; empty of a row that cannot be learnt."""
        return ["" if found is None else found.turns[-1].content for found in self._found]

    def select(self, rows: Sequence[int]) -> tuple[list[int], tuple[SkippedFile, ...]]:
        """Return which of these rows have a dialogue that can be learnt, and the others."""
        bad = [row for row in rows if row in self._faults]
        if bad and self._rule == "error":
            raise DataError(
                f"data.input: {counted(len(bad), 'dialogue')} of {len(rows)} in {self._place} cannot be learnt:\n"
                f"{lines([(self.keys[row], self._faults[row]) for row in bad])}\n"
                f"Mend {'it' if len(bad) == 1 else 'them'}, or {how_to_skip(['on_missing'], 'these dialogues')}."
            )
        if len(bad) == len(rows):
            raise DataError(
                f"data.input: no dialogue in {self._place} can be learnt; {self.keys[rows[0]]} {self._faults[rows[0]]}."
            )
        return [row for row in rows if row not in self._faults], tuple(
            SkippedFile(self.keys[row], self._faults[row]) for row in bad
        )

    def read(self, rows: Sequence[int]) -> Inputs:
        """Return the dialogues of some rows."""
        contexts = [self._contexts[row] for row in rows]
        return describe_dialogues(contexts, self._find_notes(rows))

    def _find_notes(self, rows: Sequence[int]) -> tuple[str, ...]:
        found = [one for row in rows if (one := self._found[row]) is not None]
        notes = []
        if any(one.is_share_gpt for one in found):
            notes.append(f'the messages in "{self._column}" are read as ShareGPT writes them ("from" and "value")')
        if ending := sum(one.has_open_end for one in found):
            notes.append(
                f"{counted(ending, 'dialogue')} {'ends' if ending == 1 else 'end'} with a question, which is left out: "
                "nothing answers it"
            )
        return tuple(notes)

    def add_problems(self, error: DataError) -> DataError:
        """Return an error about rows without a label that also names the dialogues that cannot be learnt."""
        try:
            self.select(range(len(self._found)))
        except DataError as other:
            return DataError(f"{error}\n{other}")
        return error


def find_dialogue_rows(table: TextTable, options: TableData, context: ReadContext) -> RowInputs:
    """Return the dialogues of a table, or its texts, as the cells of its column are."""
    column = options.input_columns[0]
    is_column = column in table.cells
    if is_column and are_messages(table.cells[column]):
        cells = table.cells[column]
        keys = [table.name_row(row) for row in range(len(cells))]
        return MessageRows(cells, keys, str(table.path), column, options, context.rules)
    return PlainRows(table, options, context)


def describe_dialogues(
    contexts: Sequence[Dialogue], notes: tuple[str, ...] = (), skipped: tuple[SkippedFile, ...] = ()
) -> Inputs:
    """Return the inputs that dialogues without their last answers are."""
    texts: list[Texts] = [(write_turns(context),) for context in contexts]

    def find_notes(skipped: Sequence[SkippedFile], labels: Labels, splits: Mapping[str, np.ndarray]) -> Sequence[str]:
        return (*notes, *find_text_notes(texts, skipped, labels, splits))

    hashes = [text_identity(list_contents(context)) for context in contexts]
    return Inputs(
        contents=hashes,
        hashes=hashes,
        make_source=lambda catalogue: DialogueSource(catalogue, texts, contexts),
        kept=range(len(contexts)),
        skipped=skipped,
        find_notes=find_notes,
    )
