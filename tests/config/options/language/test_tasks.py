from __future__ import annotations

import pytest
from pydantic import ValidationError

from kerastune_ft.config.options.language.tasks import CausalLm, Generation, SpeechRecognition, Summarization


def test_answers_are_the_most_probable_ones_unless_asked_otherwise() -> None:
    assert Generation().temperature == 0
    assert CausalLm(kind="causal_lm").generate == Generation()
    assert Summarization(kind="summarization").learn == CausalLm(kind="causal_lm").learn == "responses"


@pytest.mark.parametrize(
    "values", [{"temperature": -0.1}, {"top_p": 0}, {"top_p": 1.1}, {"max_new_tokens": 0}, {"top_k": 0}]
)
def test_what_cannot_be_drawn_by_is_refused(values: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Generation.model_validate(values)


def test_a_language_is_a_code() -> None:
    assert SpeechRecognition(kind="speech_recognition", language="de").language == "de"
    with pytest.raises(ValidationError):
        SpeechRecognition(kind="speech_recognition", language="German")
