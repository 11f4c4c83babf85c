"""What is written with a cache is what whole passes write, whatever is read beside it."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from kerastune_ft.backbones.language.generator import task_class
from kerastune_ft.config.options.language.tasks import Generation
from kerastune_ft.data.dialogues.turns import Turn
from kerastune_ft.generation.pair_writer import PairWriter
from kerastune_ft.input.language.pair_rows import PairSettings
from tests.support.tiny_writer import build_backbone

_NEW = 5
_OPTIONS = Generation(max_new_tokens=_NEW)
# Of the second the encoder reads the first 30 bytes.
_TEXTS = ["a text", "another text, which is longer than that"]


def make_settings(given: Any) -> PairSettings:
    return PairSettings(given, (32, 24), ((32, 24),))


def write_plainly(body: keras.Model, settings: PairSettings, text: str) -> list[int]:
    """Write a text by whole passes over all of it, without a cache."""
    task = task_class(body)(backbone=body, preprocessor=None)
    read, _ = settings.encode_source(text)
    tokens = list(settings.given.decoder_start)
    for _ in range(_NEW):
        # What stands behind a token changes nothing of it; Keras warns of a single one.
        rows = {"encoder": np.array([read], np.int32), "decoder": np.array([[*tokens, 0]], np.int32)}
        given = {f"{side}_token_ids": row for side, row in rows.items()}
        given |= {f"{side}_padding_mask": np.ones_like(row) for side, row in rows.items()}
        tokens.append(int(np.asarray(task(given, training=False))[0, -2].argmax()))
    return tokens[len(settings.given.decoder_start) :]


@pytest.mark.parametrize(
    "name",
    [
        "BartBackbone",
        pytest.param("T5Backbone", marks=pytest.mark.slow),
        pytest.param("T5GemmaBackbone", marks=pytest.mark.slow),
    ],
)
def test_cached_tokens_are_those_of_whole_passes(name: str) -> None:
    backbone = build_backbone(name)
    body, settings = backbone.generator.body, make_settings(backbone.input)
    writer = PairWriter(body, settings)
    asked = [[Turn("user", text)] for text in _TEXTS]
    both = writer.answer(asked, _OPTIONS, 0)
    for text, answer in zip(_TEXTS, both, strict=True):
        plain = write_plainly(body, settings, text)
        end = settings.given.decoder_end[0]
        assert answer.tokens.tolist() == (plain[: plain.index(end)] if end in plain else plain)
    assert writer.encode(asked[1], _OPTIONS).lost > 0


def test_prompts_are_measured_by_what_is_read_and_begin_alike() -> None:
    backbone = build_backbone("BartBackbone")
    writer = PairWriter(backbone.generator.body, make_settings(backbone.input))
    decoding = writer.writer.decoding
    prompt = writer.encode([Turn("user", "abc")], _OPTIONS).tokens
    assert (decoding.measure(prompt), decoding.count(prompt), decoding.longest) == (5, 2, 32)
    assert writer.writer.lengths == (16, 32)
    inputs = decoding.arrange([prompt], 16, 8)
    assert inputs["tokens"].tolist() == [[*backbone.input.decoder_start, 0, 0, 0, 0, 0, 0]]
    assert inputs["encoder_padding_mask"].sum() == 5
