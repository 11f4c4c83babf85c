"""How evenly classes and groups are divided."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from kerastune_ft.inspection.findings import GROUPS, IMBALANCE, Finding, Row
from kerastune_ft.wording import counted, first_names

_UNEVEN, _FEW = 10.0, 10


def find_imbalance(
    counts: Mapping[str, Mapping[str, int]], watched: str = "macro F1", noun: str = ""
) -> Finding | None:
    """Return what is said of classes by split and class: some 10 times as frequent as others, or hardly there.

    `watched` is the metric that shows it, `noun` what is counted where that is no example.
    """
    trained = {name: count for name, count in (counts.get("train") or {}).items()}
    if len(trained) < 2:
        return None
    most, least = max(trained, key=lambda name: trained[name]), min(trained, key=lambda name: trained[name])
    few = [f"{name} ({count})" for name, count in trained.items() if count < _FEW]
    uneven = trained[most] / max(trained[least], 1)
    said = []
    if uneven >= _UNEVEN:
        said.append(f"{most} is {uneven:.0f} times as frequent in train as {least}")
    if few:
        said.append(f"fewer than {_FEW}{noun and f' {noun}'} in train: {first_names(few)}")
    if not said:
        return None
    advice = (
        f'write  "class_weights": "balanced"  in defaults, and watch {watched}; or add examples of the rare classes'
    )
    return Finding(IMBALANCE, len(few) or 1, "; ".join(said), advice, ())


def find_shared_groups(groups: Sequence[str] | None, splits: Sequence[str]) -> Finding | None:
    """Return the groups whose examples lie in several splits; `groups` and `splits` are by position."""
    if groups is None:
        return None
    places: dict[str, list[int]] = defaultdict(list)
    for position, group in enumerate(groups):
        places[group].append(position)
    shared = {group: held for group, held in places.items() if len({splits[position] for position in held}) > 1}
    if not shared:
        return None
    rows = tuple(Row(tuple(held[:8]), f"{counted(len(held), 'example')} of one group") for held in shared.values())
    return Finding(
        GROUPS,
        len(shared),
        f"{counted(len(shared), 'group')} of {len(places)} in more than one split",
        'divide by shares, which keep groups whole: "splits": {"train": 0.7, "validation": 0.15, "test": 0.15}',
        rows,
    )


def find_copies_of_other_groups(groups: Sequence[str] | None, clusters: Sequence[Sequence[int]]) -> list[Any]:
    """Return the clusters of copies whose members name different groups."""
    if groups is None:
        return []
    return [held for held in clusters if len({groups[position] for position in held}) > 1]
