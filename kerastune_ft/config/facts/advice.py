"""Advice on backbones and phases, by the number of training examples and the device."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

DEVICES = ("cpu", "gpu", "tpu")

# With fewer examples large backbones overfit; with more than the second number the whole backbone should train.
_FEW, _MANY = 1_000, 20_000


@dataclass(frozen=True)
class Amount:
    """A range of numbers of training examples, and the schedule that suits it."""

    label: str
    preset: str
    unfreeze: str
    why: str


@dataclass(frozen=True)
class Advice:
    """Advice for a number of examples and a device: backbones, best first, a preset of phases, and the reasons."""

    amount: str
    device: str
    backbones: tuple[str, ...]
    preset: str
    sentence: str
    why_device: str


_FEW_EXAMPLES = Amount(
    f"fewer than {_FEW:,} examples",
    "head_then_top",
    "the head, then the last 30 % of the units",
    "training more units on so few examples overfits",
)
_SOME_EXAMPLES = Amount(
    f"{_FEW:,} to {_MANY:,} examples",
    "gradual",
    "the head, then a quarter, half and all of the units, each at a lower rate",
    "the data suffices to train deep units at low rates",
)
_MANY_EXAMPLES = Amount(
    f"more than {_MANY:,} examples",
    "head_then_all",
    "the head, then everything",
    "the data suffices to train the whole backbone",
)
AMOUNTS = (_FEW_EXAMPLES, _SOME_EXAMPLES, _MANY_EXAMPLES)

_WHY_DEVICE = MappingProxyType(
    {
        "cpu": "on a CPU small backbones train in acceptable time; large ones can take days",
        "gpu": "a GPU is fast enough for larger backbones, which are better if there are enough examples",
        "tpu": "a TPU is fast on wide, regular convolutions and slow on the depthwise ones of the mobile families",
    }
)
_FITTING = MappingProxyType(
    {
        ("cpu", _FEW_EXAMPLES): ("MobileNetV2", "EfficientNetV2B0", "MobileNetV3Large"),
        ("cpu", _SOME_EXAMPLES): ("EfficientNetV2B0", "MobileNetV2", "MobileNetV3Large"),
        ("cpu", _MANY_EXAMPLES): ("EfficientNetV2B0", "MobileNetV3Large", "MobileNet"),
        ("gpu", _FEW_EXAMPLES): ("EfficientNetV2B0", "EfficientNetV2B2", "ResNet50V2"),
        ("gpu", _SOME_EXAMPLES): ("EfficientNetV2B3", "EfficientNetV2S", "ConvNeXtTiny"),
        ("gpu", _MANY_EXAMPLES): ("EfficientNetV2S", "EfficientNetV2M", "ConvNeXtBase"),
        ("tpu", _FEW_EXAMPLES): ("ResNet50V2", "ResNet50", "InceptionV3"),
        ("tpu", _SOME_EXAMPLES): ("ResNet50V2", "InceptionV3", "ResNet101V2"),
        ("tpu", _MANY_EXAMPLES): ("ResNet152V2", "ResNet101V2", "InceptionResNetV2"),
    }
)


def advise(examples: int, device: str) -> Advice:
    """Return the advice for a number of training examples and a device (`cpu`, `gpu`, `tpu`)."""
    if examples < _FEW:
        return _advice(_FEW_EXAMPLES, device)
    return _advice(_SOME_EXAMPLES if examples <= _MANY else _MANY_EXAMPLES, device)


def general(device: str) -> tuple[Advice, ...]:
    """Return the advice for a device, from few to many examples."""
    return tuple(_advice(amount, device) for amount in AMOUNTS)


def _advice(amount: Amount, device: str) -> Advice:
    first, *others = names = _FITTING[device, amount]
    sentence = (
        f'{amount.label}: {first}, else {" or ".join(others)}, with "phases": "{amount.preset}" '
        f"({amount.unfreeze}): {amount.why}"
    )
    return Advice(amount.label, device, names, amount.preset, sentence, _WHY_DEVICE[device])
