"""Options of chat templates: the texts around the turns of a dialogue."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, Tag

from kerastune_ft.config.options.base import Options, one_of

TemplateName = Literal["auto", "chatml", "gemma", "llama3", "plain"]


class ChatTemplate(Options):
    """The texts before and after each turn of a dialogue; names of tokens in them become these tokens."""

    system: str | None = Field(
        "",
        description="what stands before instructions to the model; null means that they stand in the first turn of the "
        "user, before what is said there",
    )
    user: str = Field(description='what stands before what a person says, as "<|im_start|>user\\n"')
    assistant: str = Field(description='what stands before an answer, as "<|im_start|>assistant\\n"')
    end: str = Field(
        description='what stands after each turn, as "<|im_end|>\\n"; its first token that is no text ends an answer, '
        "else the tokenizer's own end of a text does"
    )
    generation: str | None = Field(
        None, description="what stands where an answer is asked for; null means the text of assistant"
    )


def _choose(value: Any) -> str | None:
    return "@name" if isinstance(value, str) else "@texts" if isinstance(value, dict | ChatTemplate) else None


Template = Annotated[
    Annotated[TemplateName, Tag("@name")] | Annotated[ChatTemplate, Tag("@texts")],
    one_of(
        _choose,
        'write "auto", "chatml", "gemma", "llama3" or "plain", or the texts, as '
        '{"user": "User: ", "assistant": "Assistant: ", "end": "\\n"}',
    ),
]
