"""From the labels as the data has them to class names and numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerastune_ft.errors import DataError


def number_classes(
    raw: Sequence[str], keys: Sequence[str], wanted: Sequence[str] | Mapping[str, str] | None, origin: str
) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the class names in order and every example's class number.

    `wanted` is task.classes: names in order, a map of raw label to name in order, or None for the labels found, sorted
    (numerically where all are numbers). `origin` names the data to the user.
    """
    found = sorted_labels(set(raw))
    if isinstance(wanted, Mapping):
        names = dict(wanted)
    else:
        names = {label: label for label in (found if wanted is None else wanted)}
    _refuse_unlisted(raw, keys, [label for label in found if label not in names], list(names))
    classes = tuple(dict.fromkeys(names.values()))
    if len(classes) < 2:
        only = f"only one class, {classes[0]}" if classes else "no class"
        raise DataError(f"data: {origin} has {only}; classification needs at least two. Check it and task.classes.")
    number = {label: classes.index(name) for label, name in names.items()}
    return classes, np.fromiter((number[label] for label in raw), np.int32, len(raw))


def sorted_labels(labels: set[str]) -> list[str]:
    """Return the labels in order: by value where all are numbers, else by name."""
    try:
        values = {label: float(label) for label in labels}
    except ValueError:
        return sorted(labels)
    # "nan" and "inf" are words here; they have no place among numbers.
    if not all(map(math.isfinite, values.values())):
        return sorted(labels)
    return sorted(labels, key=lambda label: (values[label], label))


def _refuse_unlisted(raw: Sequence[str], keys: Sequence[str], unlisted: list[str], listed: list[Any]) -> None:
    if not unlisted:
        return
    lines = []
    for label in unlisted[:20]:
        held = [key for key, other in zip(keys, raw, strict=True) if other == label]
        more = f" and {len(held) - 3} more" if len(held) > 3 else ""
        lines.append(f'  "{label}": {", ".join(held[:3])}{more}')
    if len(unlisted) > 20:
        lines.append(f"  and {len(unlisted) - 20} more labels")
    raise DataError(
        "task.classes: the data has labels that are not listed:\n"
        + "\n".join(lines)
        + f"\nListed are {', '.join(map(str, listed))}. Add the label to task.classes, or take its examples out."
    )
