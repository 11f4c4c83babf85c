"""The names of classes and their order, from the labels as the data has them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np

from kerastune_ft.data.labels.spelling import find_meant, quote
from kerastune_ft.data.remedies import other_data
from kerastune_ft.errors import DataError


def number_classes(
    raw: Sequence[str], keys: Sequence[str], wanted: Sequence[str] | Mapping[str, str] | None, origin: str
) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the class names in order and every example's class number.

    `wanted` is task.classes: names in order, a map of raw label to name in order, or None for the labels found, sorted
    (numerically where all are numbers). `origin` names the data to the user.
    """
    found = sort_labels(set(raw))
    names = class_names(found, wanted, origin)
    if unlisted := [label for label in found if label not in names]:
        refuse_unlisted(
            unlisted, lambda label: [key for key, own in zip(keys, raw, strict=True) if own == label], names
        )
    classes = tuple(dict.fromkeys(names.values()))
    number = {label: classes.index(name) for label, name in names.items()}
    return classes, np.fromiter((number[label] for label in raw), np.int32, len(raw))


def class_names(found: Sequence[str], wanted: Sequence[str] | Mapping[str, str] | None, origin: str) -> dict[str, str]:
    """Return the class name of every raw label, in the order of the classes; `found` are the labels of the data."""
    if isinstance(wanted, Mapping):
        names = dict(wanted)
    else:
        names = {label: label for label in (found if wanted is None else wanted)}
    classes = dict.fromkeys(names.values())
    if len(classes) < 2 and set(found) <= set(names):
        only = f"only one class, {next(iter(classes))}" if classes else "no class"
        raise DataError(f"data: {origin} has {only}; classification needs at least two. Check it and task.classes.")
    return names


def sort_labels(labels: set[str]) -> list[str]:
    """Return the labels in order: by value where all are numbers, else by name."""
    try:
        values = {label: float(label) for label in labels}
    except ValueError:
        return sorted(labels)
    # "nan" and "inf" are words here; they have no place among numbers.
    if not all(map(math.isfinite, values.values())):
        return sorted(labels)
    return sorted(labels, key=lambda label: (values[label], label))


def refuse_unlisted(unlisted: Sequence[str], held_by: Callable[[str], Sequence[str]], listed: Any) -> NoReturn:
    """Raise DataError naming each label that task.classes does not list, with some of the examples that have it."""
    lines = []
    known = [str(name) for name in listed]
    for label in unlisted[:20]:
        held = held_by(label)
        more = f" and {len(held) - 3} more" if len(held) > 3 else ""
        alike = find_meant(label, known)
        hint = f"; did you mean it by {quote(alike)}?" if alike else ""
        lines.append(f"  {quote(label)}: {', '.join(held[:3])}{more}{hint}")
    if len(unlisted) > 20:
        lines.append(f"  and {len(unlisted) - 20} more labels")
    known_ones, place = ", ".join(known), other_data()
    if place is not None:
        raise DataError(
            f"--data: {place} has labels that the run does not know:\n"
            + "\n".join(lines)
            + f"\nIt knows {known_ones}. Write labels so, or take these examples out of {place}."
        )
    raise DataError(
        "task.classes: the data has labels that are not listed:\n"
        + "\n".join(lines)
        + f"\nListed are {known_ones}. Add the label to task.classes, or take its examples out."
    )
