"""The input of a text backbone: its tokenizer, and the places of special tokens in a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import keras
import numpy as np

from kerastune_ft.errors import ConfigError

TOKEN_IDS, PADDING_MASK, SEGMENT_IDS = "token_ids", "padding_mask", "segment_ids"
MASK = f"{PADDING_MASK}_passed"
"""The layer whose output tells tokens from padding wherever a model looks at it."""
WINDOWS = "windows"
"""The layer whose output is the padding mask by windows, [batch, windows, length]."""
DEFAULT_LENGTH = 512
# Tokens of the row that shows whether a model looks ahead.
_PROBE_LENGTH = 4
# Control characters that stand for start and end of a text and for padding, since every byte is a token.
_BYTE_START, _BYTE_END, _BYTE_PAD = 2, 3, 0


@dataclass(frozen=True)
class TextInput:
    """A tokenizer of keras-hub and the places of special tokens, which are those of keras-hub's own preprocessors.

    One text is `start`, its tokens, `end`; a pair is `start`, first, `separator`, second, `end`. The rest of a row is
    `pad`, where the padding mask is 0. Segment ids, where the model takes them, are 0 to the end of the separator, 1
    from there to the end of the pair, and 0 on padding.
    """

    tokenizer: Any
    """Called with a list of strings, eagerly, it gives a row of token ids for each."""
    names: tuple[str, ...]
    """The names of the inputs: token_ids, padding_mask, and segment_ids where the model takes them."""
    start: tuple[int, ...]
    separator: tuple[int, ...]
    end: tuple[int, ...]
    pad: int
    maximum_length: int | None
    """The longest row the model has positions for, special tokens included; None where it has no limit."""
    default_length: int
    """The length of a row where the configuration names none: that of the preset's own preprocessor."""
    window: int | None = None
    """The tokens of a window, special ones included, where rows are [windows, length]; None where they are [length]."""
    modality: ClassVar[str] = "text"
    augmentation_modality: ClassVar[str] = modality

    @property
    def image_size(self) -> tuple[int, int]:
        """Return (0, 0), which plans write for a backbone that takes no images."""
        return (0, 0)

    @property
    def values(self) -> int:
        """Return 0: rows have several lengths, which the data decide."""
        return 0

    def choose_samples(self, usual: int) -> int:
        """Return `usual`; texts are no sounds."""
        return usual

    def padding_mask(self, model: keras.Model) -> Any:
        """Return the symbolic padding mask [batch, length] of the model; of windows [batch x windows, length]."""
        known = {layer.name: layer for layer in model.layers}
        if self.window is not None:
            return known[name_unfolding(PADDING_MASK)].output
        if MASK in known:
            return known[MASK].output
        return keras.layers.Identity(dtype="int32", name=MASK)(model.input[PADDING_MASK])

    def windows(self, model: keras.Model) -> Any:
        """Return the symbolic padding mask [batch, windows, length] of a model that reads windows; None for another."""
        return None if self.window is None else model.get_layer(WINDOWS).output

    def check_first_token(self, name: str, model: keras.Model, features: Any, class_tokens: int) -> None:
        """Raise ConfigError where the features of the first token do not depend on the tokens after it."""
        rows = np.zeros((2, _PROBE_LENGTH) if self.window is None else (2, 1, self.window), np.int32)
        rows[1, ..., 1:] = 1
        given = {name: rows if name == TOKEN_IDS else np.full_like(rows, name == PADDING_MASK) for name in self.names}
        first, other = np.asarray(model(given, training=False))[:, 0]
        if np.array_equal(first, other):
            raise ConfigError(
                f'head.pooling: in {name} no token sees those after it, so "cls", the first, knows nothing of the '
                'text; write "last" or "mean"'
            )

    def to_json(self) -> dict[str, Any]:
        """Return all but the tokenizer as a JSON object."""
        return {
            "names": list(self.names),
            "start": list(self.start),
            "separator": list(self.separator),
            "end": list(self.end),
            "pad": self.pad,
            "maximum_length": self.maximum_length,
            "default_length": self.default_length,
            **({} if self.window is None else {"window": self.window}),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any], tokenizer: Any) -> Self:
        """Return what `to_json` returned, with its tokenizer."""
        lists = {key: tuple(value) for key, value in document.items() if isinstance(value, list)}
        return cls(tokenizer, **{**document, **lists})

    @property
    def has_segments(self) -> bool:
        """Return whether the model takes segment ids."""
        return SEGMENT_IDS in self.names

    def special(self, texts: int) -> int:
        """Return the number of special tokens in a row of one text or of a pair."""
        return len(self.start) + len(self.end) + (texts - 1) * len(self.separator)


def name_unfolding(name: str) -> str:
    """Return the name of the layer after which every window of an input is a row of its own."""
    return f"{name}_unfolded"


def special_tokens(tokenizer: Any, packing: str) -> dict[str, Any]:
    """Return `start`, `separator`, `end` and `pad` of a tokenizer; `packing` is that of config.hub_families."""
    start = getattr(tokenizer, "start_token_id", None)
    end = getattr(tokenizer, "end_token_id", None)
    if end is None:
        raise ConfigError(
            f"backbone.preset: its tokenizer ({type(tokenizer).__name__}) has no token for the end of a text, so that "
            "texts cannot be told apart; use another preset"
        )
    pad = getattr(tokenizer, "pad_token_id", None)
    return {
        "start": (int(start),) if start is not None and packing != "after" else (),
        "separator": (int(end),) * (2 if packing == "doubled" else 1),
        "end": (int(end),),
        "pad": 0 if pad is None else int(pad),
    }


def name_tokens(tokenizer: Any) -> dict[str, int]:
    """Return the ids of the special tokens `start`, `end` and `pad` of a tokenizer, of those that it has."""
    found = {name: getattr(tokenizer, f"{name}_token_id", None) for name in ("start", "end", "pad")}
    return {name: int(token) for name, token in found.items() if token is not None}


def name_byte_tokens() -> dict[str, int]:
    """Return the same of a tokenizer whose tokens are the bytes of a text."""
    return {"start": _BYTE_START, "end": _BYTE_END, "pad": _BYTE_PAD}


def byte_tokens(packing: str) -> dict[str, Any]:
    """Return `start`, `separator`, `end` and `pad` for a tokenizer whose tokens are the bytes of a text."""
    return {
        "start": () if packing == "after" else (_BYTE_START,),
        "separator": (_BYTE_END,) * (2 if packing == "doubled" else 1),
        "end": (_BYTE_END,),
        "pad": _BYTE_PAD,
    }
