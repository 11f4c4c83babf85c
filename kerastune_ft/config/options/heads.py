"""Options of the head: the new layers on the backbone."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kerastune_ft.config.options.base import Count, ListToTuple, Options


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
        description="of image_segmentation: channels of the decoder at stride 32, fewer at finer ones; null means 64",
    )
    stride: Literal[1, 2, 4, 8, 16] | None = Field(
        None,
        description="of image_segmentation: the finest stride of the backbone that the decoder reads; null means 2 "
        "where the cache budget holds it, else 4",
    )
