"""The modalities of this version, by the word that the facts of a task have for them."""

from __future__ import annotations

from collections.abc import Mapping

from kerastune_ft.config.options.task_facts import AUDIO, IMAGE, LANGUAGE, MASKED, PAIR, SEVERAL_INPUTS, SPEECH, TEXT
from kerastune_ft.data.dialogues.modality import Dialogues
from kerastune_ft.data.dialogues.plain_modality import PlainTexts
from kerastune_ft.data.images.modality import Images
from kerastune_ft.data.modality import Modality
from kerastune_ft.data.several.modality import SeveralInputs
from kerastune_ft.data.sounds.modality import Sounds
from kerastune_ft.data.speech.modality import Speech
from kerastune_ft.data.texts.modality import TextInputs

_IMAGES, _TEXTS, _DIALOGUES = Images(), TextInputs(), Dialogues()
MODALITIES: Mapping[str, Modality] = {
    IMAGE: _IMAGES,
    AUDIO: Sounds(),
    SPEECH: Speech(),
    TEXT: _TEXTS,
    LANGUAGE: _DIALOGUES,
    MASKED: PlainTexts(),
    PAIR: _DIALOGUES,
    SEVERAL_INPUTS: SeveralInputs({IMAGE: _IMAGES, TEXT: _TEXTS}),
}
