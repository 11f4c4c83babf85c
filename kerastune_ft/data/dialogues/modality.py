"""Reading texts and dialogues that a model goes on with: texts whose sources know their turns."""

from __future__ import annotations

from kerastune_ft.data.dialogues.dialogue_source import DialogueSource
from kerastune_ft.data.texts.modality import TextInputs


class Dialogues(TextInputs):
    """Prompts, dialogues and plain texts."""

    takes_pairs = False
    source = DialogueSource
