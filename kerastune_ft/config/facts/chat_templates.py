"""Chat templates by name: the texts around the turns of a dialogue, as the families of models were trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class TemplateFacts:
    """A template and how it is known."""

    texts: Mapping[str, str | None]
    """What `options.language.templates.ChatTemplate` has by the same names."""
    mark: str
    """The token by which a tokenizer shows that its model was trained on the template; empty where none does."""
    starts: bool
    """Whether a dialogue begins with the tokenizer's own start of a text, where it has one."""


def _make(system: str | None, user: str, assistant: str, end: str) -> Mapping[str, str | None]:
    return MappingProxyType({"system": system, "user": user, "assistant": assistant, "end": end})


AUTO, PLAIN = "auto", "plain"
SUMMARY = TemplateFacts(_make("", "", "TL;DR: ", "\n"), mark="", starts=True)
"""The template `plain` of a text that another is written for: the text, and on a line of its own the other."""
TEMPLATES: Mapping[str, TemplateFacts] = MappingProxyType(
    {
        "chatml": TemplateFacts(
            _make("<|im_start|>system\n", "<|im_start|>user\n", "<|im_start|>assistant\n", "<|im_end|>\n"),
            mark="<|im_start|>",
            starts=False,
        ),
        # Gemma has no turn of the system: its instructions come first in the turn of the user.
        "gemma": TemplateFacts(
            _make(None, "<start_of_turn>user\n", "<start_of_turn>model\n", "<end_of_turn>\n"),
            mark="<start_of_turn>",
            starts=True,
        ),
        "llama3": TemplateFacts(
            _make(
                "<|start_header_id|>system<|end_header_id|>\n\n",
                "<|start_header_id|>user<|end_header_id|>\n\n",
                "<|start_header_id|>assistant<|end_header_id|>\n\n",
                "<|eot_id|>",
            ),
            mark="<|start_header_id|>",
            starts=True,
        ),
        PLAIN: TemplateFacts(_make("", "User: ", "Assistant: ", "\n"), mark="", starts=True),
    }
)
"""Templates by name; `auto` takes the first whose mark a tokenizer has a token of, else the last."""
