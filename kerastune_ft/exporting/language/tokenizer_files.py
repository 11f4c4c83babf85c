"""The files of a tokenizer, and the template of dialogues, as transformers reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from kerastune_ft.graph.keras_private import read_byte_pairs
from kerastune_ft.input.language.template import Template

_PAIRS = "merges"
# Instructions stand in the first turn of the user, before what is said there, as `Template` places them.
_PLACE_INSTRUCTIONS = (
    "{% if messages and messages[0]['role'] == 'system' %}"
    "{% if messages | length > 1 and messages[1]['role'] == 'user' %}"
    "{% set messages = [{'role': 'user', 'content': messages[0]['content'] + '\\n\\n' + messages[1]['content']}]"
    " + messages[2:] %}"
    "{% else %}{% set messages = [{'role': 'user', 'content': messages[0]['content']}] + messages[1:] %}{% endif %}"
    "{% endif %}"
)


def write_tokenizer(tokenizer: Any, template: Template | None, limit: int) -> dict[str, bytes]:
    """Return the files by name; none for the tokenizer of bytes, which transformers does not have.

    Byte pairs are one tokenizer.json, pieces of SentencePiece its tokenizer.model. With a `template` of dialogues
    `apply_chat_template` renders them as in training.
    """
    names = {key: _name(tokenizer, key) for key in ("start", "end", "pad")}
    if names["end"] is None:
        return {}
    config: dict[str, Any] = {
        "bos_token": names["start"],
        "eos_token": names["end"],
        "pad_token": names["pad"] or names["end"],
        "model_max_length": limit,
        "clean_up_tokenization_spaces": False,
    }
    if template is not None:
        config["chat_template"] = write_jinja(template, names)
    if hasattr(tokenizer, _PAIRS):
        files = {"tokenizer.json": read_byte_pairs(tokenizer).encode()}
        config |= {"tokenizer_class": "PreTrainedTokenizerFast"}
    else:
        files = {"tokenizer.model": tokenizer.proto}
        config |= {"tokenizer_class": "LlamaTokenizer", "legacy": False, "add_bos_token": False}
    return {**files, "tokenizer_config.json": (json.dumps(config, indent=1, ensure_ascii=False) + "\n").encode()}


def _name(tokenizer: Any, key: str) -> str | None:
    found = getattr(tokenizer, f"{key}_token", None)
    if isinstance(found, str):
        return found
    number = getattr(tokenizer, f"{key}_token_id", None)
    return None if number is None else str(tokenizer.id_to_token(int(number)))


def write_jinja(template: Template, names: Mapping[str, str | None]) -> str:
    """Return a template of dialogues as transformers has them, in Jinja.

    After the last answer stands what ends an answer, and nothing behind it, as in training.
    """
    texts = template.texts
    parts = [f"{{{{ {json.dumps(names['start'])} }}}}" if template.starts and names["start"] else ""]
    parts += [_PLACE_INSTRUCTIONS if texts.system is None else "", "{% for message in messages %}"]
    for place, role in enumerate(("system", "user", "assistant")):
        before = json.dumps(getattr(texts, role) or "", ensure_ascii=False)
        parts.append(f"{{% {'if' if place == 0 else 'elif'} message['role'] == '{role}' %}}{{{{ {before} }}}}")
    parts.append("{% endif %}{{ message['content'] }}")
    stop = template.stop or str(names["end"])
    before, _, rest = texts.end.partition(template.stop) if template.stop else ("", "", texts.end)
    ended = json.dumps(before + stop, ensure_ascii=False)
    behind = json.dumps(rest, ensure_ascii=False)
    parts.append(
        f"{{% if message['role'] == 'assistant' %}}{{{{ {ended} }}}}"
        f"{{% if add_generation_prompt or not loop.last %}}{{{{ {behind} }}}}{{% endif %}}"
        f"{{% else %}}{{{{ {json.dumps(texts.end, ensure_ascii=False)} }}}}{{% endif %}}"
    )
    generation = (texts.assistant if texts.generation is None else texts.generation).rstrip(" ")
    begun = json.dumps(generation, ensure_ascii=False)
    parts.append(f"{{% endfor %}}{{% if add_generation_prompt %}}{{{{ {begun} }}}}{{% endif %}}")
    return "".join(parts)
