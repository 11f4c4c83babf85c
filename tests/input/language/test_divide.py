from __future__ import annotations

from kerastune_ft.config.options.backbones import Applications, KerasHub
from kerastune_ft.config.options.language.tasks import CausalLm
from kerastune_ft.config.options.tasks import ImageClassification
from kerastune_ft.input.language.divide import make_divide

TASK = CausalLm(kind="causal_lm")


def test_blocks_fill_the_rows_of_a_backbone() -> None:
    divide = make_divide(TASK, KerasHub.model_validate({"kind": "keras_hub", "class": "GPT2Backbone"}), 32)
    assert divide is not None
    text = "a dog " * 40
    (spans,) = divide(["x"], [text])
    # Tokens are bytes: the row of 32 positions and its last label, without the tokens at start and end.
    assert all(24 < end - start <= 32 for start, end in spans[:-1])
    assert "".join(text[start:end] for start, end in spans) == text


def test_tasks_and_backbones_without_texts_divide_nothing() -> None:
    photos = Applications.model_validate({"kind": "applications", "name": "MobileNetV2"})
    assert make_divide(ImageClassification(kind="image_classification"), photos, None) is None
    divide = make_divide(TASK, photos, 8)
    assert divide is not None
    assert divide(["x"], ["a long text, " * 9]) == [[(0, 117)]]
