"""Options of the head: the new layers on the backbone."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from kerastune_ft.config.options.base import Count, ListToTuple, Options, problem

_STRIDES = (1, 2, 4, 8, 16)
Level = Annotated[int, Field(ge=2, le=7)]


def _leave_open(value: Any) -> Any:
    return None if value == "auto" else value


def _levels(value: Any) -> Any:
    if not isinstance(value, list) or not value or not all(isinstance(each, int) for each in value):
        return _leave_open(value)
    if value != sorted(set(value)):
        raise problem("give each level once, the finest first, as in [3, 4, 5]")
    # Objects of a size between two levels would be looked for at neither.
    if missing := [each for each in range(value[0], value[-1]) if each not in value]:
        raise problem(f"level {missing[0]} is left out; give levels without a gap, as in [3, 4, 5]")
    return value


class Head(Options):
    """The head: pooling, dropout, hidden layers, output."""

    pooling: Literal["mean", "max", "cls", "last"] = Field(
        "mean", description="how positions are pooled to one vector: mean, maximum, the first or the last position"
    )
    dropout: float = Field(0.2, ge=0, lt=1, description="dropout rate")
    hidden: Annotated[tuple[Count, ...], ListToTuple] = Field((), description="sizes of hidden layers, input to output")
    decoder: Literal["unet", "fpn"] | None = Field(
        None, description="of image_segmentation: the layers from the backbone's strides to a mask; null means unet"
    )
    width: Count | None = Field(
        None,
        description="of image_segmentation: channels of the decoder, of unet at stride 32, fewer at finer "
        "ones; of object_detection: channels of every layer; null means 64",
    )
    levels: Annotated[
        Literal["auto"] | Annotated[tuple[Level, ...], ListToTuple, Field(min_length=1)] | None,
        BeforeValidator(_levels),
    ] = Field(
        None,
        description="of object_detection: the levels of the pyramid in which objects are found, as [3, 4, 5] for "
        "strides of 8, 16 and 32; null or auto means those that fit the boxes of the training split",
    )
    stride: Annotated[
        Literal[1, 2, 4, 8, 16] | None,
        BeforeValidator(_leave_open),
        WithJsonSchema({"anyOf": [{"enum": ["auto", *_STRIDES]}, {"type": "null"}]}),
    ] = Field(
        None,
        description="of image_segmentation: the finest stride of the backbone that the decoder reads; null or auto "
        "means 2 where the cache budget holds it, else 4",
    )
