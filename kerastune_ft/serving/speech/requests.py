"""What forms of OpenAI's transcriptions ask for; what cannot be had is refused by its name."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from kerastune_ft.serving.refusal import UNREADABLE
from kerastune_ft.serving.speech.multipart import Part
from kerastune_ft.serving.speech.transcriber import Recording, ServedTranscriber
from kerastune_ft.serving.writing.faults import BadParameter

Form = Literal["json", "text", "verbose_json"]
JSON: Form = "json"
PLAIN: Form = "text"
VERBOSE: Form = "verbose_json"
FORMS = (JSON, PLAIN, VERBOSE)
"""The forms of an answer."""
_TIMED = ("srt", "vtt", "diarized_json")
_FILE = "file"
_TEXTS = ("model", "language", "response_format", "temperature")
_GRANULARITIES = "timestamp_granularities[]"
# What may be said as long as it says nothing else than this, and what is not known beside it.
_NEUTRAL = {
    "prompt": ("", "words before the sound are not taken into account"),
    "stream": ("false", "transcripts are sent whole"),
    "chunking_strategy": ("auto", "where long sounds are divided is not chosen by requests"),
}
_LONGEST = 1000
_HOTTEST = 1.0
_LINES = 80


@dataclass(frozen=True)
class Asked:
    """What a request asks for."""

    recording: Recording
    form: Form


def read_request(parts: Sequence[Part], model: ServedTranscriber) -> Asked:
    """Return what a form asks of a model. Raises Refusal."""
    counts = Counter(part.name for part in parts)
    for name, count in counts.items():
        if name not in (_FILE, *_TEXTS, *_NEUTRAL, _GRANULARITIES):
            raise BadParameter(name[:100], "this server does not know it; remove it", "unknown_parameter")
        if count > 1 and name != _GRANULARITIES:
            raise BadParameter(name, f"it is given {count} times; send one")
    content = _find_file(parts)
    texts = {part.name: _read_text(part) for part in parts if part.name not in (_FILE, _GRANULARITIES)}
    _check_model(texts, model)
    _check_language(texts.get("language"), model)
    for name, (neutral, why) in _NEUTRAL.items():
        if texts.get(name, neutral).strip().lower() != neutral:
            raise BadParameter(name, f"{why}; remove it", "unsupported_parameter")
    form = _choose_form(texts.get("response_format") or JSON)
    _check_times([_read_text(part) for part in parts if part.name == _GRANULARITIES], form)
    return Asked(Recording(content, _read_temperature(texts.get("temperature"))), form)


def _find_file(parts: Sequence[Part]) -> bytes:
    part = next((part for part in parts if part.name == _FILE), None)
    if part is None:
        raise BadParameter(_FILE, "it is missing; send a sound, as curl does with -F file=@sound.wav")
    if part.file_name is None:
        raise BadParameter(_FILE, "it is a text; send a file, as curl does with -F file=@sound.wav")
    if not part.content:
        raise BadParameter(_FILE, "it is empty")
    return part.content


def _read_text(part: Part) -> str:
    if part.file_name is not None:
        raise BadParameter(part.name, "it is a file; send a text")
    try:
        text = part.content.decode("utf-8")
    except UnicodeDecodeError:
        raise BadParameter(part.name, "it is not UTF-8 text", status=UNREADABLE) from None
    if len(text) > _LONGEST:
        raise BadParameter(part.name, f"it has more than {_LONGEST:,} characters")
    return text


def _check_model(texts: dict[str, str], model: ServedTranscriber) -> None:
    if texts.get("model", model.name) != model.name:
        raise BadParameter(
            "model", f"there is no model {texts['model'][:100]!r} here, but {model.name!r}", "model_not_found", 404
        )


def _check_language(language: str | None, model: ServedTranscriber) -> None:
    """Raise Refusal for another language than that of the run: the model was tuned on what is spoken in that one."""
    if not language or language.strip().lower() == model.language:
        return
    known = f"{model.language!r} alone" if model.language else "one language, and its run does not say which"
    raise BadParameter("language", f"this model writes down {known}; remove it", "unsupported_parameter")


def _choose_form(given: str) -> Form:
    for form in FORMS:
        if given == form:
            return form
    if given in _TIMED:
        raise BadParameter(
            "response_format",
            f"{given} has times of words, or who speaks, which this server does not know; write one of "
            f"{', '.join(FORMS)}",
            "unsupported_parameter",
        )
    raise BadParameter("response_format", f"{given[:_LINES]!r} is none of {', '.join(FORMS)}")


def _check_times(given: Sequence[str], form: Form) -> None:
    if not given:
        return
    if form != VERBOSE:
        raise BadParameter(_GRANULARITIES, "it has an effect with response_format verbose_json alone; remove it")
    if set(given) != {"segment"}:
        raise BadParameter(
            _GRANULARITIES, "times of words are not known; write segment, or remove it", "unsupported_parameter"
        )


def _read_temperature(given: str | None) -> float | None:
    if given is None or not given.strip():
        return None
    try:
        value = float(given)
    except ValueError:
        value = math.nan
    if not 0 <= value <= _HOTTEST:
        raise BadParameter("temperature", f"write a number from 0 to {_HOTTEST:g}")
    return value
