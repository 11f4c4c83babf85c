"""Reading texts and dialogues that a model goes on with: texts whose sources know their turns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, cast

from kerastune_ft.config.options.data import TableData, TfdsData
from kerastune_ft.data.dialogues.dialogue_rows import describe_dialogues, find_dialogue_rows
from kerastune_ft.data.dialogues.dialogue_source import DialogueSource
from kerastune_ft.data.dialogues.plain_texts import describe_plain
from kerastune_ft.data.dialogues.prepared_messages import are_message_features, make_message_form
from kerastune_ft.data.dialogues.turns import Role, Turn
from kerastune_ft.data.embedded import DIALOGUES, embedded_dialogues
from kerastune_ft.data.inputs import Inputs
from kerastune_ft.data.modality import PreparedExamples, ReadContext, RowInputs, StoredForm
from kerastune_ft.data.source import SkippedFile
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.data.texts.modality import TextInputs
from kerastune_ft.data.texts.text_source import Texts


class Dialogues(TextInputs):
    """Prompts, dialogues and plain texts."""

    takes_pairs = False
    source = DialogueSource
    embedded_names: ClassVar[tuple[str, ...]] = DIALOGUES

    def find_in_rows(self, table: TextTable, options: TableData, context: ReadContext) -> RowInputs:
        """Return the dialogues, prompts or texts that the rows of a table hold."""
        return find_dialogue_rows(table, options, context)

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
        """Return the inputs that questions are, or texts that are learnt whole, in blocks where they are long."""
        if is_labelled:
            return super().describe(texts, keys, is_labelled, context, kept, skipped, hashes)
        return describe_plain([text for (text,) in texts], keys, context.divide, kept, skipped)

    def takes_feature(self, feature: Any) -> bool:
        """Return whether a feature is a text, or a sequence of messages."""
        return super().takes_feature(feature) or are_message_features(feature)

    def store_form(self, examples: PreparedExamples, options: TfdsData, context: ReadContext) -> StoredForm:
        """Return how the dialogues or texts of a prepared builder are stored."""
        (name,) = examples.inputs
        if are_message_features(examples.feature(name)):
            return make_message_form(name, examples, options, context)
        return super().store_form(examples, options, context)

    def find_embedded(self, name: str) -> Any:
        """Return the module of an embedded data set of dialogues."""
        return embedded_dialogues(name)

    def read_embedded(self, name: str, context: ReadContext) -> Inputs:
        """Return the dialogues of an embedded data set."""
        source = embedded_dialogues(name)
        turns = [
            tuple(Turn(cast(Role, role), text) for role, text in source.context(index))
            for index in range(source.EXAMPLES)
        ]
        return describe_dialogues(turns)
