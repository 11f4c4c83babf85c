"""Class weights and balanced sampling for classes of unequal size, and notes about such classes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from kerastune_ft.config.options.phases import Phase
from kerastune_ft.data.labels.spelling import explain_unknown, find_label
from kerastune_ft.data.source import DataSource
from kerastune_ft.errors import ConfigError
from kerastune_ft.input.order import draw_by_class
from kerastune_ft.wording import counted, first_names

_RARE = 10
_HEAVY = 0.8
_LARGE_WEIGHT = 50.0
_OFTEN = 10.0


def class_weights(source: DataSource, phase: Phase, place: str) -> tuple[float, ...] | None:
    """Return the weight of every class in the loss of a phase, or None where all count alike.

    `balanced` follows scikit-learn: examples / (classes x examples of the class). With several labels it is the ratio
    of examples without the class to those with it, and multiplies the losses of those with it. With masks pixels are
    counted. Raises ConfigError for a class that is not there.
    """
    wanted, classes = phase.class_weights, source.info.classes
    if wanted is None:
        return None
    if isinstance(wanted, Mapping):
        if unknown := [name for name in wanted if find_label(name, classes) is None]:
            raise ConfigError(f"{place}.class_weights: {explain_unknown(unknown[0], classes)}")
        by_class = {find_label(name, classes): value for name, value in wanted.items()}
        return tuple(float(by_class.get(name, 1.0)) for name in classes)
    return source.balanced_weights


def draw_examples(source: DataSource, phase: Phase, address: tuple[int, int, int]) -> np.ndarray:
    """Return the training examples of an epoch, not yet in its order; `address` is (seed, phase, epoch)."""
    examples = source.splits["train"]
    if phase.sampling is None:
        return examples
    return draw_by_class(examples, rarest_class(source, examples), sampling_shares(source, examples), address)


def rarest_class(source: DataSource, indices: np.ndarray) -> np.ndarray:
    """Return by example the number of its class; of several, the rarest; one more than the last for none."""
    labels = source.labels[indices]
    if labels.ndim == 1:
        return labels
    ranks = np.argsort(labels.sum(axis=0), kind="stable")
    return np.where(labels.any(axis=1), ranks[np.argmax(labels[:, ranks], axis=1)], labels.shape[1])


def sampling_shares(source: DataSource, indices: np.ndarray) -> dict[int, float]:
    """Return the share of a balanced epoch that each class of `rarest_class` has.

    An example is drawn in inverse proportion to the examples of its rarest class, and one without any class as those of
    the commonest: repeat factors as of Gupta et al., LVIS (2019), without their root. With one class per example all
    classes have the same share; with several, no draw makes all alike, but the rarest never becomes rarer.
    """
    labels = source.labels[indices]
    counts = np.bincount(labels) if labels.ndim == 1 else labels.sum(axis=0, dtype=np.int64)
    members, sizes = np.unique(rarest_class(source, indices), return_counts=True)
    weights = np.array([1 / (counts[number] if number < len(counts) else counts.max()) for number in members])
    shares = sizes * weights / (sizes * weights).sum()
    return dict(zip(members.tolist(), shares.tolist(), strict=True))


def notes(source: DataSource, phases: Mapping[str, Phase], are_cut: bool = False) -> Iterator[str]:
    """Yield warnings about rare classes and about measuring by accuracy where one class has nearly all examples.

    `phases` are by name. Of examples that are cut into parts, which are many, few are no warning.
    """
    counts, examples = source.info.counts.get("train", {}), source.info.sizes["train"]
    rare = [f"{name} {count}" for name, count in counts.items() if count < _RARE]
    if rare and not are_cut:
        yield (
            f"rare classes: fewer than {_RARE} training examples of {first_names(rare, 10)}; their metrics will "
            "be little more than chance, so add examples or merge them by a map in task.classes"
        )
    if source.scheme.is_one_class:
        yield from _imbalance(counts, examples, phases)
    for name, phase in phases.items():
        if phase.sampling is not None:
            yield _describe_draws(source, name)
        if phase.class_weights == "balanced":
            weights = class_weights(source, phase, name) or ()
            if max(weights) > _LARGE_WEIGHT:
                clipped = ', or "clip_norm": 1.0,' if phase.clip_norm is None else ""
                yield (
                    f"phase {name}: the largest balanced class weight is {max(weights):.0f}, so few examples rule the "
                    f"loss; a map with smaller weights{clipped} trains more steadily"
                )


def _describe_draws(source: DataSource, phase: str) -> str:
    """Return what a balanced epoch holds: examples by class, and how often one of them comes at most."""
    indices, names = source.splits["train"], source.scheme.names
    groups, shares = rarest_class(source, indices), sampling_shares(source, indices)
    factor = {number: share * len(indices) / int((groups == number).sum()) for number, share in shares.items()}
    draws = np.array([factor[number] for number in groups.tolist()])
    labels = source.labels[indices]
    flags = np.eye(len(names))[labels] if labels.ndim == 1 else labels
    listed = ", ".join(f"{name} {count:.0f}" for name, count in zip(names[:10], draws @ flags, strict=False))
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    most = max(factor, key=lambda number: factor[number])
    often = ""
    if factor[most] > _OFTEN:
        whose = f"of {names[most]}" if most < len(names) else "without a label"
        often = f"; an example {whose} comes up to {math.ceil(round(factor[most], 9))} times, so watch for overfitting"
    return f"phase {phase}: balanced sampling draws {len(indices)} examples an epoch: {listed}{more}{often}"


def _imbalance(counts: Mapping[str, int], examples: int, phases: Mapping[str, Phase]) -> Iterator[str]:
    largest = max(counts, key=lambda name: counts[name])
    share = counts[largest] / examples
    if share < _HEAVY:
        return
    judged = [name for name, phase in phases.items() if phase.monitor == "validation_accuracy"]
    unbalanced = all(phase.class_weights is None and phase.sampling is None for phase in phases.values())
    remedies = [
        *(['"monitor": "validation_macro_f1" or "validation_auc"'] if judged else []),
        *(['"class_weights": "balanced"'] if unbalanced else []),
    ]
    yield (
        f"imbalance: {100 * share:.0f} % of {counted(examples, 'training example')} are {largest}, so an accuracy of "
        f"{share:.2f} means nothing was learnt; look at macro F1 and AUC"
        + (f", and write {' and '.join(remedies)}" if remedies else "")
    )
