from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from kerastune_ft.config.facts.chat_templates import TEMPLATES
from kerastune_ft.config.options.language.templates import ChatTemplate, Template

ADAPTER: TypeAdapter[Any] = TypeAdapter(Template)


def test_a_template_is_a_name_or_texts() -> None:
    assert [ADAPTER.validate_python(name) for name in ("auto", *TEMPLATES)] == ["auto", *TEMPLATES]
    own = ADAPTER.validate_python({"user": "Q: ", "assistant": "A: ", "end": "\n"})
    assert own == ChatTemplate(system="", user="Q: ", assistant="A: ", end="\n", generation=None)


@pytest.mark.parametrize("given", ["vicuna", 3, {"user": "Q: ", "assistant": "A: "}, {"user": "Q: ", "turn": ""}])
def test_anything_else_is_refused(given: Any) -> None:
    with pytest.raises(ValidationError):
        ADAPTER.validate_python(given)
