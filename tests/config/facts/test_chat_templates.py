from __future__ import annotations

import pytest

from kerastune_ft.config.facts.chat_templates import PLAIN, SUMMARY, TEMPLATES, TemplateFacts
from kerastune_ft.config.options.language.templates import ChatTemplate


@pytest.mark.parametrize("known", [*TEMPLATES.values(), SUMMARY])
def test_every_template_is_one_that_a_configuration_could_have(known: TemplateFacts) -> None:
    texts = ChatTemplate.model_validate(dict(known.texts))
    assert texts.user != texts.assistant
    # The token that tells the family stands before what a person says.
    assert texts.user.startswith(known.mark)


def test_the_template_without_tokens_is_the_last_that_is_tried() -> None:
    assert list(TEMPLATES)[-1] == PLAIN
    assert [name for name, known in TEMPLATES.items() if not known.mark] == [PLAIN]
    with pytest.raises(TypeError):
        TEMPLATES[PLAIN].texts["user"] = "Q: "  # type: ignore[index]
