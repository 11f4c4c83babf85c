"""Chooses a few training examples that show what the data holds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kerastune_ft.data.source import DataSource


def choose_examples(source: DataSource, count: int) -> np.ndarray:
    """Return the indices of `count` training examples, fewer where there are fewer.

    They are of all classes, or of as many as there is room for; where labels are values, they go over their range.
    """
    train = source.splits["train"]
    count = min(count, len(train))
    if not source.info.classes:
        by_value = train[np.argsort(source.labels[train, 0], kind="stable")]
        return by_value[_space_evenly(len(train), count)]
    texts = source.label_texts
    members: dict[str, list[int]] = {}
    for index in train:
        members.setdefault(texts[index], []).append(int(index))
    # By number, which for single labels is the order of the classes.
    labels = sorted(members, key=lambda text: tuple(np.atleast_1d(source.labels[members[text][0]]).tolist()))
    if len(labels) > count:
        labels = [labels[place] for place in _space_evenly(len(labels), count)]
    return np.array(_take_in_turn([members[label] for label in labels], count), np.int64)


def _space_evenly(length: int, count: int) -> np.ndarray:
    """Return `count` places from the first of `length` to the last."""
    return np.linspace(0, length - 1, count).round().astype(int)


def _take_in_turn(groups: Sequence[Sequence[int]], count: int) -> list[int]:
    """Return `count` members, one of each group in turn while it has any, then sorted by group."""
    rounds = max(map(len, groups), default=0)
    turns = [(number, turn) for turn in range(rounds) for number, group in enumerate(groups) if turn < len(group)]
    return [groups[number][turn] for number, turn in sorted(turns[:count])]
