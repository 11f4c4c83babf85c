"""Texts longer than a row of tokens: whether a backbone reads them cut, or in windows."""

from __future__ import annotations

import json
from typing import Any

from kerastune_ft.backbones.base import Backbone
from kerastune_ft.backbones.text_windows import with_windows
from kerastune_ft.config.run import RunConfig
from kerastune_ft.errors import ConfigError
from kerastune_ft.input.texts.token_loader import choose_limit

WINDOWS = "windows"


def prepare(config: RunConfig, source: Any, backbone: Backbone) -> Backbone:
    """Return the backbone as data.long_texts asks: as it is, or for rows of windows of data.sequence_length tokens.

    Raises ConfigError for pairs of texts in windows, a length that does not suit the backbone, and a backbone of an
    earlier run that reads texts otherwise than asked.
    """
    given: Any = backbone.input
    is_asked, length = config.data.long_texts == WINDOWS, config.data.sequence_length
    if given.windows(backbone.model) is not None:
        if not is_asked or length != given.window:
            raise ConfigError(
                f"data.long_texts: {json.dumps(config.data.long_texts)} is asked for with a sequence_length of "
                f"{json.dumps(length)}, and the earlier run of the backbone read texts in windows of {given.window} "
                "tokens; write "
                f'"long_texts": "windows" and "sequence_length": {given.window}'
            )
        return backbone
    if not is_asked:
        return backbone
    parts = len(source.texts[0])
    if parts > 1:
        raise ConfigError(
            'data.long_texts: "windows" are parts of one text, and here an example is a pair of texts, which a model '
            'reads side by side; write "cut", with which the longer text of a pair is cut first'
        )
    return with_windows(backbone, given, choose_limit(given, length, parts))
