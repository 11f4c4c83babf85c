"""Suggesting backbone, schedule and batch size for images, given the number of examples and the device."""

from __future__ import annotations

import glob
from typing import Any

from kerastune_ft.backbones.keras_applications import imagenet
from kerastune_ft.config.facts.advice import advise
from kerastune_ft.config.facts.applications import APPLICATIONS, EMBEDDED
from kerastune_ft.config.options.backbones import Applications
from kerastune_ft.config.presets import PRESETS
from kerastune_ft.data.images.value_range import FULL, Kind, Values, Verdict, judge
from kerastune_ft.errors import ConfigError
from kerastune_ft.scaffolding.findings import DataFindings, add_with_reason, short_number
from kerastune_ft.scaffolding.samples import image_statistics
from kerastune_ft.scaffolding.samples.image_statistics import ImageStatistics
from kerastune_ft.scaffolding.suggest.defaults import (
    CHANGED_IMAGES,
    FEW_IMAGES,
    HEAD_ALONE,
    about,
    defaults,
    head_phase,
    length_for,
)
from kerastune_ft.training.devices import tpu
from kerastune_ft.wording import counted

_GPUS = "/dev/nvidia[0-9]*"
# From here on images are far enough from a square for it to matter how they become one, and to be padded.
_NOT_SQUARE, _ELONGATED = 1.1, 2.0
_WHY_STRETCH = (
    "Measured on pictures of 1.1 to 1.4: 0 to 2 points of accuracy above cropping and 0 to 4 above padding; "
    "crop keeps shapes"
)
_WHY_AUGMENT = (
    "few images: four changed versions of each are stored and read in turn. Measured: 0 to 1.7 points of accuracy; "
    'mirroring ("flip") and "medium" gained less'
)
_WHY_LATER = {
    "head_then_top": "the 30 % of the units nearest to the head, at a low rate; to train more of them overfits",
    "gradual": "a quarter, half and all of the units, each at a lower rate",
    "head_then_all": "everything, at rates that fall with the distance from the head",
}
_SMALL_SIDE = 100
_SMALL_SIZE = 128


def suggest(findings: DataFindings, wanted: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the rest of a configuration for images, after adding what the sampled files need to its `data`.

    `wanted` is the backbone that the user names, if any.
    """
    sampled = image_statistics.sample(findings.files) if findings.files else None
    if sampled:
        shape(findings.data, sampled, findings.asks)
        if sampled.dicom and "group" not in findings.data:
            findings.seen.append(
                "DICOM files: all of one patient stay in one split (PatientID, which is written nowhere), and each "
                "file's own window becomes 0 to 255 (data.window gives one for all)"
            )
    chosen = wanted or backbone(findings, sampled)
    shared = defaults(findings)
    if findings.counts and findings.train < FEW_IMAGES:
        add_with_reason(shared, "augment", dict(CHANGED_IMAGES), _WHY_AUGMENT)
    return {"backbone": chosen, "defaults": shared, "phases": schedule(findings)}


def device() -> str:
    """Return `gpu` or `tpu` if the system shows one, else `cpu`; importing TensorFlow to ask would take seconds."""
    return "gpu" if glob.glob(_GPUS) else "tpu" if tpu.is_there() else "cpu"


def backbone(findings: DataFindings, pixels: ImageStatistics | None) -> dict[str, Any]:
    """Return the configuration's `backbone`."""
    where = device()
    name, *others = advise(findings.train, where).backbones
    try:
        imagenet.require_weights(Applications(name=name))
    except ConfigError:
        reason = (
            "the small model in the package: ImageNet weights are neither in Keras' cache nor reachable from here; "
            f'with them, {name} and "imagenet" give better results'
        )
        return {"// name": reason, "kind": "applications", "name": EMBEDDED, "weights": "embedded"}
    found: dict[str, Any] = {
        "// name": f"fits {about(findings.train)} on a {where.upper()}, as do {' and '.join(others)}",
        "kind": "applications",
        "name": name,
        "weights": "imagenet",
    }
    size = APPLICATIONS[name].image_size
    if pixels and 0 < pixels.side <= _SMALL_SIDE < _SMALL_SIZE < size:
        reason = f"the images are small (median side {pixels.side}), so {size} would cost time and gain nothing"
        add_with_reason(found, "image_size", _SMALL_SIZE, reason)
    return found


def schedule(findings: DataFindings) -> list[dict[str, Any]]:
    """Return the configuration's `phases`."""
    train = findings.train
    head = head_phase(train)
    if train < HEAD_ALONE:
        return [{"// name": f"{about(train)}: too few to train more than the new head", **head}]
    preset = advise(train, device()).preset
    first, *later = ({**phase, "epochs": length_for(train).later_epochs} for phase in PRESETS[preset]()[1:])
    return [head, {"// unfreeze": f"{about(train)}: {_WHY_LATER[preset]}", **first}, *later]


def shape(data: dict[str, Any], pixels: ImageStatistics, asks: list[str]) -> None:
    """Add to `data` what the sampled images need: an intensity range, and how they become squares."""
    set_intensity(data, pixels, asks)
    if pixels.elongation >= _NOT_SQUARE:
        sides = f"sides are {pixels.elongation:.1f} to 1"
        if pixels.elongation >= _ELONGATED:
            add_with_reason(data, "resize", "pad", f"{sides}; cropping would cut off the ends")
        else:
            add_with_reason(data, "resize", "stretch", f"{sides}. {_WHY_STRETCH}")
    ask_about_unreadable(pixels, asks)


def set_intensity(data: dict[str, Any], pixels: ImageStatistics, asks: list[str]) -> None:
    """Add to `data` the range of values that becomes 0 to 255, where the sampled images need one."""
    if pixels.deep:
        add_with_reason(
            data,
            "intensity",
            [short_number(pixels.low), short_number(pixels.high)],
            f"mapped to 0 to 255; {counted(pixels.deep, 'file')} of {pixels.opened} opened have more than 8 bits",
        )
        asks.append(
            f"is {pixels.low:g} to {pixels.high:g} the range that matters? It comes from a sample; values outside are "
            "clipped"
        )
        if pixels.deep < pixels.opened:
            asks.append(
                f"{pixels.opened - pixels.deep} of {pixels.opened} opened images have 8 bits, which are none of this "
                "range and end the run; write them with as many bits as the others"
            )
    elif 0 < pixels.peak <= FULL[1] and judge(Values(Kind.BYTES, 0.0, pixels.peak), None) != Verdict():
        seen = f"mapped to 0 to 255; no value of {pixels.opened} opened files is above {pixels.peak:g}"
        add_with_reason(data, "intensity", [0, short_number(pixels.peak)], seen)
        asks.append(
            f'is 0 to {pixels.peak:g} the range of the images? If they are that dark, write "intensity": [0, 255]'
        )


def ask_about_unreadable(pixels: ImageStatistics, asks: list[str]) -> None:
    """Add a question about sampled files that cannot be read."""
    if pixels.unreadable:
        opened = pixels.opened + len(pixels.unreadable)
        asks.append(
            f"{counted(len(pixels.unreadable), 'file')} of {opened} opened cannot be read, such as "
            f'{pixels.unreadable[0]}; repair them, or write "on_bad_file": "skip" in data'
        )
