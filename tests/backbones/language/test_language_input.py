from __future__ import annotations

from kerastune_ft.backbones.language.language_input import LanguageInput
from kerastune_ft.backbones.text_input import TextInput


def test_a_language_input_is_of_a_modality_of_its_own() -> None:
    assert issubclass(LanguageInput, TextInput)
    assert (LanguageInput.modality, TextInput.modality) == ("language", "text")
