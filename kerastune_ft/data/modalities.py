"""The modalities of this version, by the word that the facts of a task have for them."""

from __future__ import annotations

from collections.abc import Mapping

from kerastune_ft.config.options.task_facts import AUDIO, IMAGE, TEXT
from kerastune_ft.data.images.modality import Images
from kerastune_ft.data.modality import Modality
from kerastune_ft.data.sounds.modality import Sounds
from kerastune_ft.data.texts.modality import TextInputs

MODALITIES: Mapping[str, Modality] = {IMAGE: Images(), AUDIO: Sounds(), TEXT: TextInputs()}
