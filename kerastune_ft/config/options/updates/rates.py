"""Options of learning rates: the schedule within a phase, and factors by unit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from kerastune_ft.config.options.base import ListToTuple, NotNegative, Options, Rate

Shape = Literal["constant", "cosine", "linear", "exponential", "one_cycle", "flat_cosine"]


ONE_CYCLE = "one_cycle"
"""The shape that has a warm-up unless one is written."""


_Decay = Annotated[float, Field(ge=0, lt=1)]
Momentum = Annotated[tuple[_Decay, _Decay, _Decay], ListToTuple]
"""Momentum at the first step, at the peak of the rate, and at the last step."""


class RatePolicy(Options):
    """The learning rate of a phase; a plain number means that rate throughout."""

    peak: Rate = Field(description="the highest learning rate of the schedule, before factors by unit")
    shape: Shape = Field("constant", description="the schedule after the warm-up")
    warmup: float | None = Field(
        None,
        ge=0,
        lt=1,
        description="share of the phase's steps in which the rate rises to its peak; null means 0.3 for one_cycle and "
        "none for the others",
    )
    final: NotNegative | None = Field(
        None,
        description="the rate of the last step; null means a hundredth of the peak for exponential, and for the others "
        "that the step after the last would have 0",
    )
    start: Rate | None = Field(
        None,
        description="the rate of the first step of a warm-up, which then rises as a cosine for one_cycle and linearly "
        "for the others; null means that it rises linearly from near 0",
    )
    unit_decay: float = Field(1.0, gt=0, le=1, description="factor on the rate per unit of distance from the head")
    unit_span: float | None = Field(
        None,
        gt=1,
        description="how many times lower the rate of the unit nearest the input is than the peak; the units between "
        "get even multiples",
    )
    head: Rate | None = Field(None, description="the head's own peak rate; null means `peak`")
    units: Mapping[str, Rate] = Field(
        {}, description='factor on the rate by pattern of unit ids; the head\'s only as "head"'
    )

    momentum: Momentum | None = Field(
        None,
        description="momentum (beta_1 of adam and adamw) at the first step, at the peak and at the last step of a "
        "one_cycle; null means the optimizer's own throughout",
    )

    @model_validator(mode="before")
    @classmethod
    def _from_number(cls, value: Any) -> Any:
        written = {"peak": value} if isinstance(value, int | float) and not isinstance(value, bool) else value
        if not isinstance(written, Mapping) or written.get("shape") == ONE_CYCLE or written.get("warmup") is not None:
            return written
        # Left out and 0 are the same, and so should be what is written of them.
        return {**written, "warmup": 0.0}
