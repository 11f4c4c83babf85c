"""The tokens around a transcript, and those that are never one: what a tokenizer of speech has beside words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from kerastune_ft.backbones.text_input import byte_tokens
from kerastune_ft.errors import ConfigError

# Of the program of Whisper's authors, https://github.com/openai/whisper, tokenizer.py, non_speech_tokens: what stands
# in subtitles and is not spoken.
_SYMBOLS = (*'"#()*+/:;<=>@[\\]^_`{|}~\u300c\u300d\u300e\u300f',)
_GROUPS = (
    *("<<", ">>", "<<<", ">>>", "--", "---", "-(", "-[", "('", '("', "((", "))", "(((", ")))", "[[", "]]", "{{", "}}"),
    *("\u266a\u266a", "\u266a\u266a\u266a"),
)
_NOTES = "\u2669\u266a\u266b\u266c\u266d\u266e\u266f"
_SHOWN = 8


@dataclass(frozen=True)
class SpeechTokens:
    """The special tokens of transcripts."""

    start: int
    """The token that every transcript begins with."""
    end: int
    """The token that ends one, and that rows are padded with."""
    pad: int
    """The token after the end."""
    plain: tuple[int, ...] = ()
    """What says, before the transcript, that it has no times of words."""
    languages: tuple[tuple[str, int], ...] = ()
    """The token of each language by its code, as `de`; none where the model knows one language."""
    transcribe: int | None = None
    """What asks for the words that are spoken; None where there is no other task."""
    translate: int | None = None
    """What asks for their meaning in English."""
    control: tuple[int, ...] = ()
    """Tokens that say something about a transcript and are in none."""
    unspoken: tuple[int, ...] = ()
    """Tokens of signs that are not spoken, as brackets."""
    never_first: tuple[int, ...] = ()
    """Tokens that no transcript begins with: the blank alone, and the end."""
    times: int | None = None
    """The token from which on all are times, or mean nothing; None where there are none."""
    lead: str = ""
    """What stands before the first word of a transcript, as a model was taught to write it."""

    def make_prompt(self, language: str | None, translates: bool, model: str) -> tuple[int, ...]:
        """Return the tokens that stand before every transcript, and are not learnt.

        `language` is the code of the language that is spoken. Raises ConfigError for one that the model does not know,
        for none where it knows several, and for a translation by a model of one language.
        """
        if not self.languages:
            if language is not None or translates:
                key = "language" if language is not None else "translate"
                raise ConfigError(f"task.{key}: {model} knows one language alone; remove it")
            return (self.start, *self.plain)
        known = dict(self.languages)
        if language not in known:
            listed = ", ".join(sorted(known)[:_SHOWN]) + (", ..." if len(known) > _SHOWN else "")
            said = "missing" if language is None else f"{model} has no language {language!r}"
            raise ConfigError(
                f'task.language: {said}; write the code of the language that is spoken, as "en" ({model} knows '
                f"{len(known)}: {listed})"
            )
        wanted = self.translate if translates else self.transcribe
        assert wanted is not None
        return (self.start, known[language], wanted, *self.plain)


def byte_speech_tokens(kind: str = "whisper") -> SpeechTokens:
    """Return the tokens of a model of random weights, whose tokens are the bytes of a text; see `find_speech_tokens`.

    As Whisper, a model does not end a transcript before it has begun; one of another kind writes nothing of silence.
    """
    special = byte_tokens("between")
    (start,), (end,), pad = special["start"], special["end"], special["pad"]
    return SpeechTokens(start, end, pad, control=(start, pad), never_first=(end,) if kind == "whisper" else ())


def find_speech_tokens(tokenizer: Any, kind: str = "whisper", vocabulary: int | None = None) -> SpeechTokens:
    """Return the special tokens of a tokenizer, from its vocabulary.

    `kind` is `whisper` for a `WhisperTokenizer`, and `ends` for one that has a start and an end of a text alone;
    `vocabulary` is the number of tokens that the model gives scores for.
    """
    return _FINDERS[kind](tokenizer, vocabulary)


def _find_ends(tokenizer: Any, vocabulary: int | None) -> SpeechTokens:
    """Return the tokens of a tokenizer as `MoonshineTokenizer`, which writes the blank before the first word itself."""
    start, end, pad = (int(getattr(tokenizer, f"{name}_token_id")) for name in ("start", "end", "pad"))
    known = tokenizer.vocabulary_size()
    return SpeechTokens(
        start, end, pad, control=tuple(sorted({start, pad} - {end})), times=known if (vocabulary or 0) > known else None
    )


def _find_of_whisper(tokenizer: Any, vocabulary: int | None) -> SpeechTokens:
    known = dict(zip(tokenizer.special_tokens, map(int, tokenizer.special_token_ids), strict=True))
    languages = tokenizer.language_tokens or {}
    end, plain = int(tokenizer.eos_token_id), int(tokenizer.no_timestamps_token_id)
    (blank,) = _encode(tokenizer, [" "])
    return SpeechTokens(
        start=int(tokenizer.bos_token_id),
        end=end,
        pad=int(tokenizer.pad_token_id),
        plain=(plain,),
        languages=tuple((name.strip("<|>"), int(number)) for name, number in languages.items()),
        transcribe=int(tokenizer.transcribe_token_id),
        translate=int(tokenizer.translate_token_id),
        control=tuple(sorted({*known.values(), *map(int, languages.values())} - {end})),
        unspoken=tuple(sorted(_find_unspoken(tokenizer))),
        never_first=(*blank, end),
        times=plain + 1,
        lead=" ",
    )


def _find_unspoken(tokenizer: Any) -> set[int]:
    every = [*_SYMBOLS, *_GROUPS, *_NOTES]
    alone, after = _encode(tokenizer, every), _encode(tokenizer, [f" {sign}" for sign in every])
    found = {
        tokens[0]
        for sign, *both in zip(every, alone, after, strict=True)
        for tokens in both
        if len(tokens) == 1 or (tokens and sign in _NOTES)
    }
    # Within words hyphens and apostrophes are written, and not at their beginning.
    return found | {tokens[0] for tokens in _encode(tokenizer, [" -", " '"]) if tokens}


_FINDERS: Mapping[str, Callable[[Any, int | None], SpeechTokens]] = MappingProxyType(
    {"whisper": _find_of_whisper, "ends": _find_ends}
)


def _encode(tokenizer: Any, texts: list[str]) -> Iterator[list[int]]:
    for text in texts:
        yield [int(number) for number in tokenizer(text)]
