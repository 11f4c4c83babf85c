"""Keys and values of other programs, mapped to those of this one, and finding the nearest allowed word."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from types import MappingProxyType

from kerastune_ft.config.facts.foreign_words import FOREIGN_KEYS, FOREIGN_VALUES, REMARKS

# Where a key belongs, for keys written at another place.
HOMES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                "learning_rate",
                "epochs",
                "steps",
                "unfreeze",
                "batch_size",
                "accumulate",
                "weight_decay",
                "clip_norm",
                "optimizer",
                "augment",
                "label_smoothing",
                "loss",
                "mixup",
                "cutmix",
                "monitor",
                "early_stopping",
                "batch_norm",
                "class_weights",
                "sampling",
                "start_from",
            ),
            "in a phase, or in defaults",
        ),
        "dropout": "in head",
        "pooling": "in head",
        "hidden": "in head",
        **dict.fromkeys(("classes", "multi_label", "positive", "thresholds", "metrics", "unknown"), "in task"),
        **dict.fromkeys(
            (
                "label",
                "group",
                "intensity",
                "resize",
                "exif",
                "window",
                "on_bad_file",
                "on_missing",
                "long_texts",
                "exclude",
            ),
            "in data",
        ),
        **dict.fromkeys(("sequence_length", "target_length"), "in data"),
        **dict.fromkeys(("template", "learn", "generate"), "in task"),
        **dict.fromkeys(("max_new_tokens", "temperature", "top_k", "top_p", "stop"), "in task.generate"),
        "splits": "in data",
        "path": "in data",
        "validation": "in data.splits",
        "name": "in backbone",
        "weights": "in backbone",
        "image_size": "in backbone",
        "replicas": "in runtime",
        "strategy": "in runtime",
        "precision": "in runtime",
        **dict.fromkeys(("recompute", "frozen_precision"), "in runtime"),
        "deterministic": "in runtime",
        "cache": "in a phase, or in runtime",
        "cache_directory": "in runtime",
        "cache_budget": "in runtime",
        "views": "in a phase's augment",
        "directory": "in output",
        "checkpoint": "in output",
        "examples": "in output",
        "mirror": "in output",
        "trackers": "in output",
        "every": "in output.checkpoint",
        "keep": "in output.checkpoint",
        "backbone": "at the top",
        "data": "at the top",
        "head": "at the top",
        "phases": "at the top",
        "seed": "at the top",
        "extends": "at the top",
        "output": "at the top",
    }
)


def letters(word: str) -> str:
    """Return the letters and digits of a word in lower case, equal for valLoss, val_loss and val-loss."""
    return re.sub(r"[^a-z0-9]", "", word.lower())


def nearest(word: str, allowed: Iterable[str], beginning: str = "") -> str | None:
    """Return the allowed word that is most similar to a word, if any is.

    If a word has the `beginning` that all allowed words have, only the rest is compared.
    """
    if beginning and word.startswith(beginning):
        rest = nearest(word.removeprefix(beginning), (choice.removeprefix(beginning) for choice in allowed))
        return None if rest is None else beginning + rest
    choices = list(allowed)
    by_letters = {letters(choice): choice for choice in choices}
    if letters(word) in by_letters:
        return by_letters[letters(word)]
    close = get_close_matches(letters(word), by_letters, n=1, cutoff=0.7)
    return by_letters[close[0]] if close else None


def right_value(word: str, allowed: Iterable[str], beginning: str = "") -> str | None:
    """Return the allowed value that a word means, by spelling or by the name that other programs use."""
    choices = list(allowed)
    if any(letters(word) == letters(choice) for choice in choices):
        return nearest(word, choices)
    known = [value for value in FOREIGN_VALUES.get(letters(word), ()) if value in choices]
    return known[0] if known else nearest(word, choices, beginning)


def unknown_message(
    value: object, allowed: Iterable[str], noun: str = "choice", more: str | None = None, beginning: str = ""
) -> tuple[str, str | None]:
    """Return the message about a word that is not allowed, and the word that is probably meant, if any.

    `more` is the command that lists the allowed words, if there are too many for a message; `beginning` is what all of
    them begin with.
    """
    choices = list(allowed)
    found = right_value(value, choices, beginning) if isinstance(value, str) else None
    written = json.dumps(value, ensure_ascii=False)
    if found:
        return f'{written} is unknown; did you mean "{found}"?', found
    listed = f"to see all: {more}" if more else f"write {_either(choices)}" if choices else "there are none"
    return f"{written} is not a {noun}; {listed}", found


def _either(choices: list[str]) -> str:
    quoted = [choice if choice.isdigit() else f'"{choice}"' for choice in choices]
    return f"{', '.join(quoted[:-1])} or {quoted[-1]}" if len(quoted) > 1 else quoted[0]


def right_key(word: str, allowed: Iterable[str]) -> tuple[str | None, str | None]:
    """Return the allowed key that a word means, and a remark about it; either may be None."""
    choices = list(allowed)
    if any(letters(word) == letters(choice) for choice in choices):
        return nearest(word, choices), None
    foreign = FOREIGN_KEYS.get(letters(word), ())
    for key in foreign:
        if key in choices:
            return key, REMARKS.get(key)
    found = nearest(word, choices)
    if found:
        return found, None
    elsewhere = foreign[-1] if foreign else None
    if elsewhere and " " not in elsewhere:
        elsewhere = f'"{elsewhere}", which belongs elsewhere: {HOMES[elsewhere]}' if elsewhere in HOMES else None
    return None, elsewhere
