"""Backbone, schedule and batch for so many examples on this machine, each with its reason."""

from __future__ import annotations

import glob
import math
from typing import Any

from kerastune_ft.backbones import imagenet
from kerastune_ft.config.facts.advice import advise
from kerastune_ft.config.facts.applications import APPLICATIONS, EMBEDDED
from kerastune_ft.config.options.backbones import Applications
from kerastune_ft.config.presets import PRESETS
from kerastune_ft.errors import ConfigError
from kerastune_ft.scaffolding.findings import DataFindings, add_with_reason, whole
from kerastune_ft.scaffolding.samples.image_statistics import ImageStatistics
from kerastune_ft.training.devices import tpu
from kerastune_ft.wording import counted

_GPUS = "/dev/nvidia[0-9]*"
# Fewer training examples than this can carry a head and no more.
HEAD_ALONE = 100
# Up to so many training examples: epochs of a phase, epochs without improvement, and batch size.
_EPOCHS = ((HEAD_ALONE, 20, 5, 8), (1_000, 15, 4, 16), (20_000, 8, 3, 32), (math.inf, 4, 2, 64))
_ELONGATED = 1.45
_SMALL_SIDE = 100
_SMALL_SIZE = 128


def device() -> str:
    """Return `gpu` or `tpu` where the system shows one, else `cpu`; TensorFlow would take seconds to say it."""
    return "gpu" if glob.glob(_GPUS) else "tpu" if tpu.is_there() else "cpu"


def backbone(sight: DataFindings, pixels: ImageStatistics | None) -> dict[str, Any]:
    """Return the configuration's `backbone`."""
    where = device()
    name, *others = advise(sight.train, where).backbones
    try:
        imagenet.require(Applications(name=name))
    except ConfigError:
        reason = (
            "the small model in the package: ImageNet weights are neither in Keras' cache nor to be reached from here; "
            f'with them {name} and "imagenet" reach more'
        )
        return {"// name": reason, "kind": "applications", "name": EMBEDDED, "weights": "embedded"}
    found: dict[str, Any] = {
        "// name": f"fits {about(sight.train)} on a {where.upper()}, as do {' and '.join(others)}",
        "kind": "applications",
        "name": name,
        "weights": "imagenet",
    }
    size = APPLICATIONS[name].image_size
    if pixels and 0 < pixels.side <= _SMALL_SIDE < _SMALL_SIZE < size:
        reason = f"the images are small (median side {pixels.side}), so {size} would only cost time"
        add_with_reason(found, "image_size", _SMALL_SIZE, reason)
    return found


def schedule(sight: DataFindings) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the configuration's `defaults` and `phases`."""
    epochs = _row(sight)[1]
    preset = "head" if sight.train < HEAD_ALONE else advise(sight.train, device()).preset
    return defaults(sight), {"// preset": _why_preset(preset, sight.train), "preset": preset, "epochs": epochs}


def defaults(sight: DataFindings) -> dict[str, Any]:
    """Return the configuration's `defaults`."""
    _, _, patience, batch_size = _row(sight)
    defaults: dict[str, Any] = {"batch_size": batch_size}
    if sight.is_imbalanced:
        largest, smallest = max(sight.counts.values()), max(1, min(sight.counts.values()))
        add_with_reason(
            defaults, "class_weights", "balanced", f"the largest class has {largest / smallest:.0f} times the smallest"
        )
    if monitor := _monitor(sight):
        add_with_reason(defaults, "monitor", *monitor)
    add_with_reason(
        defaults,
        "early_stopping",
        {"patience": patience},
        "a phase ends when its monitor stands still; the best epoch counts",
    )
    return defaults


def _row(sight: DataFindings) -> tuple[float, int, int, int]:
    return next(row for row in _EPOCHS if sight.train < row[0])


def _why_preset(preset: str, train: int) -> str:
    if preset == "head":
        return f"{about(train)}: too few to train more than the new head"
    return f"{about(train)}. {preset}: {(PRESETS[preset].__doc__ or '').rstrip('.')}"


def about(train: int) -> str:
    """Return how many examples train, for a sentence."""
    return f"about {train:,} training examples"


def _monitor(sight: DataFindings) -> tuple[str, str] | None:
    if sight.is_multi_label:
        return "validation_mean_average_precision", "accuracy says little where most labels are absent"
    if sight.is_imbalanced and len(sight.counts) == 2:
        return "validation_auc", "accuracy flatters a model that always says the larger class"
    if sight.is_imbalanced:
        return "validation_macro_f1", "accuracy hides the rare classes"
    return None


def shape(data: dict[str, Any], pixels: ImageStatistics, asks: list[str]) -> None:
    """Add to `data` what the sampled images need: a range for deep ones, room for long ones."""
    if pixels.deep:
        add_with_reason(
            data,
            "intensity",
            [whole(pixels.low), whole(pixels.high)],
            f"becomes 0 to 255; seen in {counted(pixels.deep, 'file')} of more than 8 bits, of {pixels.opened} opened",
        )
        asks.append(
            f"is {pixels.low:g} to {pixels.high:g} the range that matters? It is that of a sample; what lies outside "
            "is cut off"
        )
        if pixels.deep < pixels.opened:
            asks.append(
                f"{pixels.opened - pixels.deep} of {pixels.opened} opened images have 8 bits, and intensity holds for "
                "all of them; make them alike first"
            )
    if pixels.elongation >= _ELONGATED:
        add_with_reason(data, "resize", "pad", f"sides are {pixels.elongation:.1f} to 1; a crop would cut the ends off")
    if pixels.unreadable:
        opened = pixels.opened + len(pixels.unreadable)
        asks.append(
            f"{counted(len(pixels.unreadable), 'file')} of {opened} opened cannot be read, as "
            f'{pixels.unreadable[0]}; repair them, or write "on_bad_file": "skip" in data'
        )
