"""Options of the loss that a phase trains on, and which losses labels of a kind can have."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from kerastune_ft.config.options.base import Options, Rate, problem
from kerastune_ft.config.options.task_facts import LabelKind

LossName = Literal[
    "cross_entropy", "focal", "mse", "mae", "huber", "dice", "cross_entropy_dice", "focal_dice", "quality_focal"
]

LOSSES: Mapping[LabelKind, tuple[LossName, ...]] = MappingProxyType(
    {
        "one": ("cross_entropy", "focal"),
        "several": ("cross_entropy", "focal"),
        "values": ("mse", "mae", "huber"),
        "mask": ("cross_entropy", "dice", "cross_entropy_dice", "focal", "focal_dice"),
        "boxes": ("quality_focal",),
        "text": ("cross_entropy",),
    }
)
"""The losses of each kind of labels; the first is what a phase trains on where it names none."""

LOSS_OPTIONS: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "focal": {"gamma": 2.0},
        "huber": {"delta": 1.0},
        "cross_entropy_dice": {"dice": 1.0},
        "focal_dice": {"gamma": 2.0, "dice": 1.0},
    }
)
"""The options of the losses that have any, with their defaults."""


class PhaseLoss(Options):
    """The loss that a phase trains on: a name alone, or a name with its option."""

    name: LossName = Field(description="the loss; which ones there are depends on the labels of the task")
    gamma: Rate | None = Field(
        None, description="of focal and focal_dice: the power of the probability that is missing from 1; null means 2"
    )
    delta: Rate | None = Field(
        None,
        description="of huber: the error from which on the loss is linear, in standard deviations of the training "
        "labels; null means 1",
    )
    dice: Rate | None = Field(
        None,
        description="of cross_entropy_dice and focal_dice: the factor on the Dice loss beside the other; null means 1",
    )

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, value: Any) -> Any:
        """Turn a name alone into an object, and write out the default of its option."""
        written = {"name": value} if isinstance(value, str) else value
        if not isinstance(written, Mapping):
            return written
        if "name" not in written:
            raise problem('a loss has a name, as in {"name": "focal", "gamma": 2}')
        usual = LOSS_OPTIONS.get(str(written.get("name")), {})
        return {**written, **{key: number for key, number in usual.items() if written.get(key) is None}}

    @model_serializer(mode="wrap")
    def _write(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Return the name, and its option alone."""
        return {key: value for key, value in write(self).items() if value is not None}
