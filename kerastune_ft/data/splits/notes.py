"""Notes for the user about groups in splits, how even a division is, and labels that read as splits."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from kerastune_ft.data.labels.base import Labels
from kerastune_ft.data.splits.examples import SplitExamples
from kerastune_ft.data.splits.names import are_split_words
from kerastune_ft.wording import counted, first_names

_SHOWN = 5
_ALIKE = 0.1


def groups_by_split(splits: Mapping[str, np.ndarray], examples: SplitExamples) -> dict[str, int]:
    """Return how many groups each split has; nothing where examples are not grouped."""
    if examples.groups is None:
        return {}
    return {split: len(np.unique(examples.group_numbers[indices])) for split, indices in splits.items()}


def group_notes(splits: Mapping[str, np.ndarray], examples: SplitExamples) -> list[str]:
    """Return sentences on the groups of each split, and on those that several splits share."""
    if examples.groups is None:
        return []
    shared = _find_shared(splits, examples)
    sizes = ", ".join(f"{split} {count}" for split, count in groups_by_split(splits, examples).items())
    notes = [f"splits: groups {sizes}; {len(shared)} shared"]
    if shared:
        verb = "is" if len(shared) == 1 else "are"
        notes.append(
            f"splits: {counted(len(shared), 'group')} {verb} in more than one split ({first_names(shared, _SHOWN)}), "
            "so the metrics flatter the model"
        )
    return notes


def note_split_labels(labels: Labels, is_listed: bool) -> list[str]:
    """Return a sentence where all labels are words for splits; `is_listed` says whether task.classes names them."""
    if is_listed or not are_split_words(labels.classes or ()):
        return []
    return [
        f"labels: {first_names(labels.classes or (), _SHOWN)} are names of splits and learnt as classes. If they say "
        'the splits of a table, name their column in data.splits, as {"column": "..."}, and that of the labels in '
        "data.label; of arrays, name or save the labels as y. If they are classes, list them in task.classes"
    ]


def division_notes(
    splits: Mapping[str, np.ndarray], examples: SplitExamples, *, of_classes: bool = True, into: int | None = None
) -> list[str]:
    """Return what a division of groups, or of examples of several classes, achieved.

    `into` is the number of parts where these are more than the splits, as folds are.
    """
    if examples.groups is None and not examples.have_several:
        return []
    every = np.concatenate(list(splits.values()))
    said = []
    if examples.groups is not None and not _find_shared(splits, examples):
        said.append(f"{counted(len(np.unique(examples.group_numbers[every])), 'group')} kept whole")
    sizes = ", ".join(f"{100 * len(indices) / len(every):.1f}" for indices in splits.values())
    said.append(f"sizes {sizes} %")
    if examples.are_classes:
        said.append(_spread(splits, examples))
    notes = [f"splits: {'; '.join(said)}"]
    return notes + _rare(examples, every, len(splits), into) if examples.are_classes and of_classes else notes


def _find_shared(splits: Mapping[str, np.ndarray], examples: SplitExamples) -> list[str]:
    found = np.concatenate([np.unique(examples.group_numbers[indices]) for indices in splits.values()])
    groups, counts = np.unique(found, return_counts=True)
    return [examples.group_names[group] for group in groups[counts > 1]]


def _spread(splits: Mapping[str, np.ndarray], examples: SplitExamples) -> str:
    """Return how much classes' shares differ, and for the worst class its share in each split."""
    shares = np.array([list(examples.counts(indices).values()) for indices in splits.values()], np.float64)
    shares *= 100 / np.maximum([[len(indices)] for indices in splits.values()], 1)
    spread = shares.max(axis=0) - shares.min(axis=0)
    worst = int(np.argmax(spread))
    if spread[worst] < _ALIKE:
        return f"every class's share is the same in all splits to {_ALIKE} points"
    each = ", ".join(f"{split} {share:.1f} %" for split, share in zip(splits, shares[:, worst], strict=True))
    most = f"a class's share differs by at most {spread[worst]:.1f} points between splits"
    return f"{most} ({examples.names[worst]}: {each})"


def _rare(examples: SplitExamples, every: np.ndarray, splits: int, into: int | None) -> list[str]:
    """Return a sentence on the classes that cannot be in every part."""
    grouped = examples.groups is not None
    counts = examples.group_counts(every) if grouped else examples.counts(every)
    few = {name: count for name, count in counts.items() if 0 < count < (into or splits)}
    if not few:
        return []
    noun = "group" if grouped else examples.noun
    each = first_names(f"{name} ({counted(count, noun)})" for name, count in few.items())
    lacking = "not every fold" if into else "not every split"
    return [f"splits: too few {noun}s have {each}, so {lacking} has it; add {noun}s with it to measure it"]
