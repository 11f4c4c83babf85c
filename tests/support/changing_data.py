"""What the tests of data that change under a run share: a table of texts, and ways to change it."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Mapping
from pathlib import Path

WORDS = ("river", "stone", "quiet", "market", "lamp", "garden", "winter", "copper", "signal", "meadow", "harbour")
EXAMPLES = 60
Rows = list[list[str]]


def read_rows(path: Path) -> Rows:
    with path.open(newline="") as file:
        return list(csv.reader(file))


def write_rows(path: Path, rows: Rows) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)


def write_texts(path: Path) -> None:
    """Write texts with a label tossed by a coin and a split each."""
    draw = random.Random(7)
    parts = ["test"] * 15 + ["validation"] * 10 + ["train"] * (EXAMPLES - 25)
    rows = [[" ".join(draw.choices(WORDS, k=6)), draw.choice("ab"), part] for part in parts]
    write_rows(path, [["text", "label", "part"], *rows])


def shuffle(rows: Rows) -> Rows:
    body = rows[1:]
    random.Random(1).shuffle(body)
    return [rows[0], *body]


def insert(rows: Rows) -> Rows:
    return [rows[0], ["a new first row", "a", "train"], *rows[1:]]


def exchange_splits(rows: Rows) -> Rows:
    other = {"test": "train", "train": "test", "validation": "validation"}
    return [rows[0], *([text, label, other[part]] for text, label, part in rows[1:])]


def exchange_labels(rows: Rows) -> Rows:
    return [rows[0], *([text, "ba"["ab".index(label)], part] for text, label, part in rows[1:])]


CHANGES: Mapping[str, Callable[[Rows], Rows]] = {
    "shuffle": shuffle,
    "insert": insert,
    "exchange splits": exchange_splits,
    "exchange labels": exchange_labels,
}
