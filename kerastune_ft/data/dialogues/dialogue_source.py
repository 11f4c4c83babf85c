"""Dialogues in memory: what all sources of texts to go on with share."""

from __future__ import annotations

from kerastune_ft.data.dialogues.turns import Dialogue, make_pair
from kerastune_ft.data.texts.text_source import TextSource


class DialogueSource(TextSource):
    """Examples that are a prompt each, and the answer to it as their label."""

    def read_dialogue(self, index: int) -> Dialogue:
        """Return the turns of an example."""
        (prompt,) = self.texts[index]
        return make_pair(prompt, self.label_texts[index])
