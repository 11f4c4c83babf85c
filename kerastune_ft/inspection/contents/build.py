"""The contents of each modality."""

from __future__ import annotations

from collections.abc import Mapping

from kerastune_ft.config.options.task_facts import AUDIO, IMAGE, LANGUAGE, MASKED, PAIR, SEVERAL_INPUTS, SPEECH, TEXT
from kerastune_ft.inspection.contents.base import Contents
from kerastune_ft.inspection.contents.dialogues import Dialogues
from kerastune_ft.inspection.contents.images import Pictures
from kerastune_ft.inspection.contents.several import Several
from kerastune_ft.inspection.contents.sounds import Sounds
from kerastune_ft.inspection.contents.texts import Texts

CONTENTS: Mapping[str, type[Contents]] = {
    IMAGE: Pictures,
    TEXT: Texts,
    AUDIO: Sounds,
    LANGUAGE: Dialogues,
    MASKED: Dialogues,
    PAIR: Dialogues,
    SPEECH: Sounds,
    SEVERAL_INPUTS: Several,
}
"""By modality of the examples, their contents."""
