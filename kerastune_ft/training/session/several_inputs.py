"""The backbone of examples with several inputs: those of pictures and texts joined, with the columns of the data."""

from __future__ import annotations

from typing import Any

from kerastune_ft.backbones import build
from kerastune_ft.backbones.base import Backbone
from kerastune_ft.backbones.several import join_backbones
from kerastune_ft.config.checks.modality import NOUNS
from kerastune_ft.config.options.task_facts import IMAGE, SEVERAL_INPUTS, TEXT
from kerastune_ft.config.run import RunConfig
from kerastune_ft.data.several.encoding import ColumnEncoding
from kerastune_ft.errors import ConfigError


def build_backbone(config: RunConfig, source: Any) -> Backbone:
    """Return the backbone of the inputs that data.input names; numbers and words are encoded by the training split.

    That of an earlier run with the same inputs brings their encoding along. Raises ConfigError for a backbone that
    reads something else.
    """
    inputs = config.data.inputs
    assert inputs is not None
    wanted = [*([IMAGE] if inputs.images else []), *([TEXT] if inputs.texts else [])]
    by_input = getattr(config.backbone, "by_input", None) or {wanted[0]: config.backbone}
    built = {name: build.build(options, config.seed, config.rules) for name, options in by_input.items()}
    first = built[next(iter(built))]
    if first.input.modality == SEVERAL_INPUTS:
        _check_earlier(config, first)
        return first
    for name, backbone in built.items():
        place = "backbone" if len(built) == 1 else f"backbone.{name}"
        if backbone.input.modality != name:
            raise ConfigError(
                f"{place}: {backbone.name} takes {NOUNS.get(backbone.input.modality, 'several inputs')}, and here it "
                f"reads {NOUNS[name]}; write another backbone"
            )
        if backbone.kept_head or backbone.kept_outputs is not None:
            raise ConfigError(
                f'{place}.head: "keep": the head of a run with one input has no place for others; write "new"'
            )
    columns = {}
    if inputs.has_columns:
        columns = ColumnEncoding.fit(source.cells, source.splits["train"]).to_json()
    return join_backbones(built, list(inputs.images), columns, config.head.pooling)


def _check_earlier(config: RunConfig, backbone: Backbone) -> None:
    """Raise ConfigError where the earlier run of a backbone had other inputs than those of the data."""
    inputs, given = config.data.inputs, backbone.input
    assert inputs is not None
    parts: Any = getattr(given, "parts", {})
    columns: Any = getattr(given, "columns", {})
    before = (
        list(parts),
        [each["name"] for each in columns.get("numbers", ())],
        [each["name"] for each in columns.get("words", ())],
    )
    now = ([*inputs.images, *([TEXT] if inputs.texts else [])], list(inputs.numbers or ()), list(inputs.words or ()))
    if before != now:
        said = [
            f"{', '.join(names)} with columns {', '.join((*numbers, *words)) or 'none'}"
            for names, numbers, words in (before, now)
        ]
        raise ConfigError(
            f"backbone.path: the earlier run had the inputs {said[0]}, and here they are {said[1]}; name the same in "
            "data.input, or write another backbone"
        )
