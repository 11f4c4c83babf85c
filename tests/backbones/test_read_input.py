"""What is known of rows of texts before a backbone is built."""

from __future__ import annotations

from kerastune_ft.backbones.language.language_input import LanguageInput
from kerastune_ft.backbones.read_input import read_input
from kerastune_ft.backbones.text_input import TextInput
from kerastune_ft.config.options.backbones import Applications, KerasHub


def test_rows_of_models_that_write_and_of_those_that_read() -> None:
    small = {"num_layers": 1, "num_heads": 2, "hidden_dim": 4, "intermediate_dim": 4, "vocabulary_size": 256}

    def read(name: str) -> TextInput | None:
        options = {**small, "max_sequence_length": 48}
        return read_input(KerasHub.model_validate({"kind": "keras_hub", "class": name, "options": options}))

    writer, reader = read("GPT2Backbone"), read("BertBackbone")
    assert isinstance(writer, LanguageInput)
    assert type(reader) is TextInput
    assert writer.maximum_length == reader.maximum_length == 48


def test_other_models_have_none() -> None:
    assert read_input(KerasHub.model_validate({"kind": "keras_hub", "class": "ViTBackbone"})) is None
    assert read_input(Applications(kind="applications", name="MobileNetV2")) is None
