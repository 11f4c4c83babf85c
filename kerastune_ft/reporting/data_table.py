"""What the splits hold: examples by class, or the spread of the values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kerastune_ft.reporting import quantities as say
from kerastune_ft.reporting.results.pages import PAGES

Row = dict[str, Any]

_NAMED = 8


def rows(data: Mapping[str, Any], without_label: Mapping[str, int] | None = None) -> list[Row]:
    """Return the rows of the table about the splits, the keys its headings; nothing where nothing is known.

    Of classes a row each, ending with the examples; an example with several labels counts for each of them, so there
    the examples are not the sum. `without_label` are examples that have none, by split. Of values a row per target
    and split.
    """
    if data.get("values"):
        return list(_values(data))
    return _counts(data, without_label or {})


def heading(data: Mapping[str, Any]) -> str:
    """Return what `rows` is a table of."""
    return "values by split" if data.get("values") else "examples by class and split"


def sizes(data: Mapping[str, Any]) -> str:
    """Return the examples of every split in one line."""
    return ", ".join(f"{say.whole(size)} {split}" for split, size in (data.get("sizes") or {}).items())


def labels(scheme: Mapping[str, Any]) -> str:
    """Return what the labels mean in one line."""
    names = [str(name) for name in scheme.get("names") or ()]
    if not names:
        return ""
    return PAGES[scheme.get("kind", "one")].describe_labels(names)


def weights(by_class: Mapping[str, float]) -> str:
    """Return the class weights of a phase in one line; of many, the smallest and the largest."""
    if len(by_class) <= _NAMED:
        return ", ".join(f"{name} {say.plain(weight)}" for name, weight in by_class.items())
    least, most = (choose(by_class, key=lambda name: by_class[name]) for choose in (min, max))
    return (
        f"{len(by_class)} classes, from {say.plain(by_class[least])} ({least}) to {say.plain(by_class[most])} ({most})"
    )


def _counts(data: Mapping[str, Any], without_label: Mapping[str, int]) -> list[Row]:
    counts: Mapping[str, Mapping[str, int]] = data.get("counts") or {}
    if not counts:
        return []
    classes = data.get("classes") or dict.fromkeys(name for number_of in counts.values() for name in number_of)
    found: list[Row] = [
        {"class": str(name), **{split: number_of.get(str(name), 0) for split, number_of in counts.items()}}
        for name in classes
    ]
    if any(without_label.values()):
        found.append({"class": "no label", **{split: without_label.get(split, 0) for split in counts}})
    return [*found, {"class": "examples", **{split: (data.get("sizes") or {}).get(split) for split in counts}}]


def _values(data: Mapping[str, Any]) -> Iterable[Row]:
    values: Mapping[str, Mapping[str, Mapping[str, float]]] = data["values"]
    for target in dict.fromkeys(name for targets in values.values() for name in targets):
        for split, targets in values.items():
            examples = (data.get("sizes") or {}).get(split)
            yield {"target": target, "split": split, "examples": examples, **targets.get(target, {})}
