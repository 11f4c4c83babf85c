"""Questions about arrays of an .npz file that are splits, which one configuration cannot join."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from kerastune_ft.data.files.npz import Header
from kerastune_ft.data.splits.names import SPLIT_OF_WORD
from kerastune_ft.wording import first_names

_TRAIN = re.compile(r"train(ing)?", re.IGNORECASE)
_OTHERS = ("test", "testing", "validation", "valid", "val")


def find_other_splits(x: str, y: str, found: Mapping[str, Header]) -> dict[str, tuple[str, str]]:
    """Return the examples and labels of other splits by their word, as `test` for x_test beside x_train."""
    pairs = {
        word: (_TRAIN.sub(word, x), _TRAIN.sub(word, y)) for word in _OTHERS if _TRAIN.search(x) and _TRAIN.search(y)
    }
    return {word: pair for word, pair in pairs.items() if all(name in found for name in pair)}


def ask_about_other_splits(file: str, x: str, y: str, others: Mapping[str, tuple[str, str]]) -> list[str]:
    """Return the question whether arrays of other splits are to be measured on, with the line that makes it so."""
    asks = []
    for word, (other_x, other_y) in others.items():
        beside = f"{word}.npz"
        asks.append(
            f"are {other_x} and {other_y} the examples to measure on? They are not read, and splits are drawn from "
            f"{x}. If so, run in Python  d = numpy.load({file!r}); numpy.savez({beside!r}, {x}=d[{other_x!r}], "
            f"{y}=d[{other_y!r}])  and, after training,  python -m kerastune_ft evaluate RUN --data {beside}; to draw "
            f"splits from all, write both into one file:  numpy.savez('all.npz', "
            f"x=numpy.concatenate([d[{x!r}], d[{other_x!r}]]), "
            f"y=numpy.concatenate([d[{y!r}], d[{other_y!r}]]))  and run  python -m kerastune_ft init all.npz"
        )
    return asks


def ask_about_split_array(file: str, x: str, y: str, name: str, values: Sequence[str]) -> str:
    """Return the question about an array that says the split of each example, which arrays are not divided by."""
    words = list(dict.fromkeys(values))
    test = next((word for word in words if SPLIT_OF_WORD.get(word.casefold()) == "test"), words[-1])
    return (
        f"does {name} say the split of each example? It holds {first_names(words, 5)} and is not read; splits are "
        f"drawn at random. To keep its own, run in Python  d = numpy.load({file!r}); "
        f"t = d[{name!r}].astype(str) == {test!r}; "
        f"numpy.savez('train.npz', **{{k: d[k][~t] for k in ({x!r}, {y!r})}}); "
        f"numpy.savez('test.npz', **{{k: d[k][t] for k in ({x!r}, {y!r})}}),  "
        "run  python -m kerastune_ft init train.npz  and, after training,  "
        "python -m kerastune_ft evaluate RUN --data test.npz"
    )
