"""Dialogues in memory: what all sources of texts to go on with share."""

from __future__ import annotations

from collections.abc import Sequence

from kerastune_ft.data.dialogues.turns import Dialogue, Turn
from kerastune_ft.data.source import Catalogue
from kerastune_ft.data.texts.text_source import Texts, TextSource


class DialogueSource(TextSource):
    """Examples that are dialogues whose last answer is the label, or plain texts, which have no label."""

    def __init__(
        self, catalogue: Catalogue, texts: Sequence[Texts], contexts: Sequence[Dialogue] | None = None
    ) -> None:
        """`contexts` are by example the turns before the label; None where each is the one text of an example.

        A text with a label is then a question, and one without is learnt whole.
        """
        super().__init__(catalogue, texts)
        self._contexts = contexts

    def read_dialogue(self, index: int) -> Dialogue:
        """Return the turns of an example."""
        answer = self.label_texts[index]
        if self._contexts is not None:
            context = self._contexts[index]
        else:
            (text,) = self.texts[index]
            context = (Turn("user" if answer else "text", text),)
        return (*context, Turn("assistant", answer)) if answer else context
