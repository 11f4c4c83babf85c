"""Synthetic dialogues in a small shop: what things cost follows from the thing, its colour and how many there are."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np

EXAMPLES: Final = 600
SPLITS: Final = {"train": range(450), "validation": range(450, 525), "test": range(525, 600)}
VERSION: Final = "1.0.0"
SYNTHETIC: Final = True
DESCRIPTION: Final = (
    "600 dialogues of one or two questions about prices in a shop, with their answers, some after an instruction; a "
    "price is that of the thing and that of its colour, times their number, and a second question refers to the first."
)
PROVENANCE: Final = "Computed from the index of the example; no text of others is in it."

INSTRUCTION: Final = "You keep a small shop."
_THINGS = ("cup", "kite", "bell", "drum", "lamp", "doll", "bowl", "flag", "mask", "ring")
_COLOURS = ("red", "blue", "green", "white", "black")
_NUMBERS = ("one", "two", "three")
# What is asked after the price of one thing: nothing, that of one of another colour, or that of several.
_FORMS = len(_COLOURS) + len(_NUMBERS)
_ALL = 2 * len(_THINGS) * len(_COLOURS) * _FORMS
_SALT = 30


def context(index: int) -> tuple[tuple[str, str], ...]:
    """Return role and text of the turns of dialogue `index` before the last answer."""
    return _turns(index)[:-1]


def answer(index: int) -> str:
    """Return the last answer of dialogue `index`."""
    return _turns(index)[-1][1]


def _turns(index: int) -> tuple[tuple[str, str], ...]:
    has_instruction, thing, colour, form = np.unravel_index(_order()[index], (2, len(_THINGS), len(_COLOURS), _FORMS))
    turns = [("system", INSTRUCTION)] if has_instruction else []
    turns += [
        ("user", f"How much is {_name(1, thing, colour)}?"),
        ("assistant", f"It is {_price(1, thing, colour)} pounds."),
    ]
    if 0 < form < len(_COLOURS):
        other = (colour + form) % len(_COLOURS)
        turns += [
            ("user", f"And {_NUMBERS[0]} in {_COLOURS[other]}?"),
            ("assistant", f"That is {_price(1, thing, other)} pounds."),
        ]
    elif form:
        number = form - len(_COLOURS) + 1
        turns += [
            ("user", f"I take {_name(number, thing, colour)}."),
            ("assistant", f"{_name(number, thing, colour).capitalize()}: {_price(number, thing, colour)} pounds."),
        ]
    return tuple(turns)


@cache
def _order() -> np.ndarray:
    """Return which of all possible dialogues each example is: no two are the same."""
    return np.random.default_rng(_SALT).permutation(_ALL)[:EXAMPLES]


def _name(number: Any, thing: Any, colour: Any) -> str:
    return f"{_NUMBERS[number - 1]} {_COLOURS[colour]} {_THINGS[thing]}{'' if number == 1 else 's'}"


def _price(number: Any, thing: Any, colour: Any) -> int:
    return int(number * (2 + 3 * thing + colour))
