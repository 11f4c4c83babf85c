"""What requests of OpenAI's interface ask for; what would change an answer and cannot be had is refused by its name."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kerastune_ft.config.options.language.tasks import Generation
from kerastune_ft.data.dialogues.turns import Turn
from kerastune_ft.data.files.array_values import has_halves
from kerastune_ft.serving.limits import Limits
from kerastune_ft.serving.refusal import BAD_REQUEST, TOO_LARGE, Refusal
from kerastune_ft.serving.writing.faults import BadParameter

_ROLES: Mapping[str, str] = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
_MESSAGES = "messages"
_PARTS = ("text",)
_MOST_STOPS, _LONGEST_STOP = 4, 200
_LARGEST_SEED = 1 << 63
_HOTTEST = 2.0
# What says nothing of the answer itself.
_WITHOUT_EFFECT = ("user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key")
# What may be said as long as it says nothing else than this.
_NEUTRAL: Mapping[str, tuple[Any, ...]] = {
    "n": (1,),
    "best_of": (1,),
    "frequency_penalty": (0,),
    "presence_penalty": (0,),
    "logit_bias": ({},),
    "logprobs": (False,),
    "top_logprobs": (0,),
    "tools": ([],),
    "tool_choice": ("none", "auto"),
    "parallel_tool_calls": (True, False),
    "response_format": ({"type": "text"},),
    "modalities": (["text"],),
    "echo": (False,),
    "suffix": ("",),
}
_OF_SAMPLING = (
    "max_tokens", "max_completion_tokens", "temperature", "top_p", "stop", "seed", "stream", "stream_options",
)  # fmt: skip
_ANY = frozenset({"model", *_OF_SAMPLING, *_WITHOUT_EFFECT, *_NEUTRAL})


@dataclass(frozen=True)
class Asked:
    """What a request asks for."""

    key: str
    """The key of the request that says what is to be answered."""
    is_answered: bool
    """Whether it is a dialogue that is answered, else texts are gone on with."""
    prompts: tuple[tuple[Turn, ...], ...]
    """A dialogue that is to be answered, or texts that are to be gone on with, one turn each."""
    options: Generation
    has_own_length: bool
    """Whether the request says how long an answer may be."""
    seed: int
    is_streamed: bool
    has_usage: bool
    """Whether a stream ends with what was counted."""


def read_chat(document: Any, name: str, own: Generation, limits: Limits) -> Asked:
    """Return what a request of a chat completion asks for; `own` is how the model writes otherwise. Raises Refusal."""
    given = _check_keys(document, name, "messages")
    messages = given.get("messages")
    if not isinstance(messages, list) or not messages:
        raise BadParameter("messages", 'write a list as [{"role": "user", "content": "..."}]')
    turns = tuple(_read_message(message, place) for place, message in enumerate(messages))
    if turns[-1].role != "user":
        raise BadParameter("messages", "the last one is of the user, whom the model answers")
    return _read_options(given, _MESSAGES, (turns,), own, limits)


def read_completion(document: Any, name: str, own: Generation, limits: Limits) -> Asked:
    """Return what a request of a completion asks for. Raises Refusal."""
    given = _check_keys(document, name, "prompt")
    prompt = given.get("prompt")
    prompts = [prompt] if isinstance(prompt, str) else prompt
    if not isinstance(prompts, list) or not prompts or not all(isinstance(each, str) for each in prompts):
        raise BadParameter("prompt", "write a text or a list of texts; lists of tokens are not read")
    if len(prompts) > limits.max_instances:
        raise Refusal(TOO_LARGE, f"more than {limits.max_instances} prompts (--max-instances)")
    return _read_options(given, "prompt", tuple((Turn("text", each),) for each in prompts), own, limits)


def _check_keys(document: Any, name: str, own: str) -> Mapping[str, Any]:
    if not isinstance(document, Mapping):
        raise Refusal(BAD_REQUEST, "the body is no object of JSON")
    model = document.get("model", name)
    if model != name:
        raise BadParameter(
            "model", f"there is no model {str(model)[:100]!r} here, but {name!r}", "model_not_found", 404
        )
    for key, value in document.items():
        if key != own and key not in _ANY:
            raise BadParameter(str(key)[:100], "this server does not know it; remove it", "unknown_parameter")
        if value is not None and not _is_neutral(key, value):
            raise BadParameter(key, "this server cannot do that; remove it", "unsupported_parameter")
    return document


def _is_neutral(key: str, value: Any) -> bool:
    """Return whether a key that this server cannot do anything with asks for nothing."""
    neutral = _NEUTRAL.get(key)
    if neutral is None:
        return True
    return any(value == one and isinstance(value, bool) == isinstance(one, bool) for one in neutral)


def _read_message(message: Any, place: int) -> Turn:
    at = f"messages[{place}]"
    if not isinstance(message, Mapping):
        raise BadParameter(at, 'is no message; write {"role": "user", "content": "..."}')
    role = message.get("role")
    if not isinstance(role, str) or role not in _ROLES:
        raise BadParameter(f"{at}.role", f"write one of {', '.join(_ROLES)}")
    if message.get("tool_calls") or message.get("audio"):
        raise BadParameter(at, "calls of tools and sounds are not read", "unsupported_parameter")
    found: Any = _ROLES[role]
    return Turn(found, _read_content(message.get("content"), f"{at}.content"))


def _read_content(content: Any, at: str) -> str:
    if isinstance(content, list) and content:
        parts = [part.get("text") if isinstance(part, Mapping) and part.get("type") in _PARTS else None
                 for part in content]  # fmt: skip
        if not all(isinstance(part, str) for part in parts):
            raise BadParameter(at, "only parts of type text are read", "unsupported_parameter")
        content = "".join(part for part in parts if part is not None)
    if not isinstance(content, str):
        raise BadParameter(at, "write a text")
    return content


def _read_options(
    given: Mapping[str, Any], key: str, prompts: tuple[tuple[Turn, ...], ...], own: Generation, limits: Limits
) -> Asked:
    texts = [turn.content for turns in prompts for turn in turns]
    if any(map(has_halves, texts)):
        raise Refusal(BAD_REQUEST, "a text has half a character, which JSON can write and UTF-8 cannot")
    if sum(map(len, texts)) > limits.max_characters:
        raise Refusal(TOO_LARGE, f"the texts have more than {limits.max_characters:,} characters (--max-characters)")
    length = _read_length(given, limits)
    temperature = _read_number(given, "temperature", 0.0, _HOTTEST)
    top_p = _read_number(given, "top_p", 0.0, 1.0)
    if top_p == 0:
        raise BadParameter("top_p", "write a number above 0, at most 1; for the most probable token, temperature 0")
    stop = _read_stop(given.get("stop"))
    changed = {"max_new_tokens": length, "temperature": temperature, "top_p": top_p, "stop": stop}
    kept = {key: value for key, value in changed.items() if value is not None}
    options = own.model_copy(update=kept)
    seed = _read_whole(given, "seed", -_LARGEST_SEED, _LARGEST_SEED - 1)
    return Asked(
        key,
        key == _MESSAGES,
        prompts,
        options,
        has_own_length=length is not None,
        seed=secrets.randbits(31) if seed is None else seed % (1 << 31),
        is_streamed=_read_flag(given, "stream"),
        has_usage=_wants_usage(given),
    )


def _read_length(given: Mapping[str, Any], limits: Limits) -> int | None:
    for key in ("max_completion_tokens", "max_tokens"):
        length = _read_whole(given, key, 1, 1 << 31)
        if length is not None and length > limits.max_new_tokens:
            raise BadParameter(key, f"answers have at most {limits.max_new_tokens} tokens here (--max-new-tokens)")
        if length is not None:
            return length
    return None


def _read_number(given: Mapping[str, Any], key: str, least: float, most: float) -> float | None:
    value = given.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise BadParameter(key, f"write a number from {least:g} to {most:g}")
    return float(value)


def _read_whole(given: Mapping[str, Any], key: str, least: int, most: int) -> int | None:
    value = given.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise BadParameter(key, "write a whole number" + (f" of at least {least}" if least > 0 else ""))
    return value


def _read_flag(given: Mapping[str, Any], key: str) -> bool:
    value = given.get(key)
    if value is not None and not isinstance(value, bool):
        raise BadParameter(key, "write true or false")
    return bool(value)


def _read_stop(value: Any) -> tuple[str, ...] | None:
    found: Sequence[Any] | None = [value] if isinstance(value, str) else value
    if found is None or found == []:
        return None
    fits = isinstance(found, list) and len(found) <= _MOST_STOPS
    if not fits or not all(isinstance(each, str) and 0 < len(each) <= _LONGEST_STOP for each in found):
        raise BadParameter("stop", f"write a text, or at most {_MOST_STOPS}, of 1 to {_LONGEST_STOP} characters each")
    return tuple(found)


def _wants_usage(given: Mapping[str, Any]) -> bool:
    options = given.get("stream_options")
    if options is None:
        return False
    if not given.get("stream"):
        raise BadParameter("stream_options", "it is of streams alone; remove it")
    if not isinstance(options, Mapping) or not set(options) <= {"include_usage", "include_obfuscation"}:
        raise BadParameter("stream_options", 'write {"include_usage": true}')
    return _read_flag(options, "include_usage")
