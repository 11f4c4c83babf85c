"""The parts of a session for images of another size: the same layers, called in another graph, and another loader."""

from __future__ import annotations

from dataclasses import dataclass

import keras

from kerastune_ft.backbones.base import Backbone
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph.rebuild.image_size import NotResizable, Size, continue_at
from kerastune_ft.input.loader import Loader


@dataclass(frozen=True)
class SizedParts:
    """What of a session depends on the size of images."""

    backbone: Backbone
    model: keras.Model
    loader: Loader


def build_at(parts: SizedParts, size: Size, place: str) -> SizedParts:
    """Return these parts for images of another height and width; call it in the strategy's scope.

    `place` is the key that asks for them. Raises ConfigError where something in the graph is made for one size.
    """
    own = parts.backbone.input.image_size
    # Of other proportions, places that are laid out in a row may be as many and others: of a larger image they are not.
    larger = [] if size[0] * own[1] == size[1] * own[0] else [(2 * size[0], size[1])]
    try:
        (backbone, model), *_ = [_call_at(parts, each) for each in (size, *larger)]
    except NotResizable as error:
        raise ConfigError(
            f"{place}: {parts.backbone.name} cannot take {size[0]} x {size[1]} pixels as well: {error}; remove it, "
            "so that all phases have one size"
        ) from error
    return SizedParts(backbone, model, parts.loader.at(size))


def _call_at(parts: SizedParts, size: Size) -> tuple[Backbone, keras.Model]:
    backbone = parts.backbone.at(size)
    return backbone, continue_at(parts.model, parts.backbone.model, backbone.model)
