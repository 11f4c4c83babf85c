"""The input of a backbone that goes on with texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kerastune_ft.backbones.text_input import TextInput
from kerastune_ft.config.options.task_facts import LANGUAGE


@dataclass(frozen=True)
class LanguageInput(TextInput):
    """The tokenizer of a language model and the tokens that begin and end its texts; rows are of tokens, right-padded.

    Where special tokens stand inside a row is decided by the template of dialogues.
    """

    modality: ClassVar[str] = LANGUAGE
    augmentation_modality: ClassVar[str] = LANGUAGE
