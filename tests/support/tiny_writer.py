"""A language model of random weights that writes bytes, with a template of plain texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from kerastune_ft.backbones.base import Backbone
from kerastune_ft.backbones.build import build
from kerastune_ft.config.facts.hub_families import HUB_FAMILIES
from kerastune_ft.config.options.backbones import KerasHub
from kerastune_ft.generation.dialogue_writer import DialogueWriter
from kerastune_ft.input.language.control_tokens import ControlTokens
from kerastune_ft.input.language.language_loader import DialogueSettings
from kerastune_ft.input.language.template import choose_template


def build_backbone(name: str = "GPT2Backbone", **options: Any) -> Backbone:
    """Return a tiny model whose random weights are large enough that its texts are no single letter."""
    keras.utils.clear_session()
    layers = {"num_layers": 1} if "num_layers" in HUB_FAMILIES[name].small else {}
    backbone = build(KerasHub(**{"class": name, "options": {**layers, **options}}), seed=3, writes=True)
    draw = np.random.default_rng(5)
    for variable in backbone.generator.body.variables:
        if len(variable.shape) > 1:
            variable.assign(draw.normal(0, 0.4, variable.shape))
    return backbone


def make_settings(backbone: Backbone, limit: int = 64) -> DialogueSettings:
    """Return the settings of rows of plain dialogues."""
    given = backbone.input
    template = choose_template("plain", given, ControlTokens(given.tokenizer))
    return DialogueSettings(given, template, False, limit, (limit,))


def make_writer(name: str = "GPT2Backbone", **options: Any) -> DialogueWriter:
    """Return what answers with a tiny model."""
    backbone = build_backbone(name, **options)
    return DialogueWriter(backbone.generator.body, make_settings(backbone))


def write_plainly(body: keras.Model, prompt: Sequence[int], count: int) -> list[int]:
    """Return the `count` best tokens after a prompt, one after the other, each by a whole pass without a cache."""
    tokens = list(prompt)
    for _ in range(count):
        ids = np.array([tokens], np.int32)
        given = {"token_ids": ids, "padding_mask": np.ones_like(ids)}
        hidden = body({name: given[name] for name in body.input}, training=False)
        scores = np.asarray(body.token_embedding(hidden, reverse=True))[0, -1]
        tokens.append(int(scores.argmax()))
    return tokens[len(prompt) :]
