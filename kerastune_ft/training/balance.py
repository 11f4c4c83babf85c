"""How a phase makes up for classes of unequal size, and what should be known about them beforehand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from kerastune_ft.config.phases import Phase
from kerastune_ft.data.source import DataSource, counted
from kerastune_ft.errors import ConfigError

_RARE = 10
_HEAVY = 0.8
_LARGE_WEIGHT = 50.0


def class_weights(source: DataSource, phase: Phase, place: str) -> tuple[float, ...] | None:
    """Return the weight of every class in the loss of a phase, or None where all count alike.

    `balanced` follows scikit-learn: examples / (classes x examples of the class). With several labels it is the ratio
    of examples without the class to those with it, and multiplies the losses of those with it. Raises ConfigError for
    a class that is not there.
    """
    wanted, classes = phase.class_weights, source.info.classes
    if wanted is None:
        return None
    if isinstance(wanted, Mapping):
        if unknown := [name for name in wanted if name not in classes]:
            raise ConfigError(
                f"{place}.class_weights: {unknown[0]!r} is not a class; the classes are {', '.join(classes)}"
            )
        return tuple(float(wanted.get(name, 1.0)) for name in classes)
    examples = source.info.sizes["train"]
    counts = [source.info.counts["train"][name] for name in classes]
    if source.scheme.kind == "several":
        return tuple(max(examples - count, 1) / count for count in counts)
    return tuple(examples / (len(classes) * count) for count in counts)


def rarest_class(source: DataSource, indices: np.ndarray) -> np.ndarray:
    """Return by example the number of its class; of several, the rarest; one more than the last for none."""
    labels = source.labels[indices]
    if labels.ndim == 1:
        return labels
    ranks = np.argsort(labels.sum(axis=0), kind="stable")
    return np.where(labels.any(axis=1), ranks[np.argmax(labels[:, ranks], axis=1)], labels.shape[1])


def notes(source: DataSource, phases: Mapping[str, Phase]) -> Iterator[str]:
    """Yield warnings about rare classes and about measuring by accuracy where one class has nearly all examples.

    `phases` are by name.
    """
    counts, examples = source.info.counts.get("train", {}), source.info.sizes["train"]
    rare = [f"{name} {count}" for name, count in counts.items() if count < _RARE]
    if rare:
        more = f" and {len(rare) - 10} more" if len(rare) > 10 else ""
        yield (
            f"rare classes: fewer than {_RARE} training examples of {', '.join(rare[:10])}{more}; their metrics will "
            "be little more than chance, so add examples or merge them by a map in task.classes"
        )
    if source.scheme.kind == "one":
        yield from _imbalance(counts, examples, phases)
    for name, phase in phases.items():
        if phase.class_weights == "balanced":
            weights = class_weights(source, phase, name) or ()
            if max(weights) > _LARGE_WEIGHT:
                yield (
                    f"phase {name}: the largest balanced class weight is {max(weights):.0f}, so few examples rule the "
                    'loss; a map with smaller weights, or "clip_norm": 1.0, trains more steadily'
                )


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
