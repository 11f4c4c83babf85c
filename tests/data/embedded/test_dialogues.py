from __future__ import annotations

import re

from kerastune_ft.data.embedded import dialogues

# As in the module's own lists, written again, so that a changed price is noticed.
THINGS = ["cup", "kite", "bell", "drum", "lamp", "doll", "bowl", "flag", "mask", "ring"]
COLOURS = ["red", "blue", "green", "white", "black"]
COUNTS = {"one": 1, "two": 2, "three": 3}


def test_every_price_follows_from_what_was_asked() -> None:
    seen = set()
    for index in range(0, dialogues.EXAMPLES, 7):
        turns = [*dialogues.context(index), ("assistant", dialogues.answer(index))]
        seen.add(tuple(turns))
        said = [text for role, text in turns if role != "system"]
        first = re.fullmatch(r"How much is one (\w+) (\w+)\?", said[0])
        assert first is not None
        colour, thing = first.groups()
        for question, answer in zip(said[::2], said[1::2], strict=True):
            other = re.fullmatch(r"And one in (\w+)\?", question)
            colour = other[1] if other else colour
            taken = re.fullmatch(rf"I take (\w+) {colour} {thing}s?\.", question)
            count = COUNTS[taken[1]] if taken else 1
            price = count * (2 + 3 * THINGS.index(thing) + COLOURS.index(colour))
            assert answer.endswith(f" {price} pounds.")
    assert len(seen) == len(range(0, dialogues.EXAMPLES, 7))
