"""Rows of tokens of which some are hidden: in training as drawn, where they are measured always alike."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras_hub
import numpy as np
import pytest

from kerastune_ft.backbones.language.masked_input import MaskedInput
from kerastune_ft.backbones.text_input import PADDING_MASK, SEGMENT_IDS, TOKEN_IDS
from kerastune_ft.config.options.language.tasks import MaskedLm
from kerastune_ft.errors import DataError
from kerastune_ft.input.augmentation import Augmentation
from kerastune_ft.input.language.masked_loader import MaskedLoader, build_masked_loader, hide_row
from kerastune_ft.input.texts.tokenise import tokenise_texts

_TEXTS = ["a warm soup", "the film", "what a night train it was", "so"]


def _make(texts: list[str], folder: Path) -> MaskedLoader:
    given = MaskedInput(
        keras_hub.tokenizers.ByteTokenizer(lowercase=False),
        (TOKEN_IDS, PADDING_MASK, SEGMENT_IDS), (2,), (3,), (3,), 0, 64, 64,
    )  # fmt: skip
    source: Any = SimpleNamespace(
        texts=[(text,) for text in texts], keys=texts, splits={"train": np.arange(len(texts))},
        identities=np.arange(len(texts)) + 11,
    )  # fmt: skip
    task = SimpleNamespace(kind="masked_lm", options=MaskedLm(kind="masked_lm", mask_selection_rate=0.3))
    return build_masked_loader(source, task, given, 32, folder, lambda line: None)


def test_inputs_and_targets_belong_together(tmp_path: Path) -> None:
    loader, order = _make(_TEXTS, tmp_path), np.arange(4)
    plain = loader.rows.pad(order, loader.sizes[0])
    drawn = Augmentation({"hides_words": True}, 1, 0)
    for inputs, targets in (
        (loader(order), loader.targets(order)),
        (loader.look_up(drawn)(order, 5), loader.targets(order, drawn, 5)),
    ):
        found = targets["weights"] > 0
        assert (targets["labels"][found] == plain[TOKEN_IDS][found]).all()
        assert (inputs[TOKEN_IDS][~found] == plain[TOKEN_IDS][~found]).all()
        assert (inputs[PADDING_MASK] == plain[PADDING_MASK]).all()
        assert (found.sum(1) >= 1).all()
    (batch,) = loader.inputs(order, 4, drawn, 5)
    assert (batch[TOKEN_IDS].numpy() == loader.look_up(drawn)(order, 5)[TOKEN_IDS]).all()
    assert (loader.look_up(drawn)(order, 5)[TOKEN_IDS] != loader.look_up(drawn)(order, 6)[TOKEN_IDS]).any()


def test_the_plan_and_stores_know_how_words_are_hidden(tmp_path: Path) -> None:
    loader = _make(_TEXTS, tmp_path)
    entry = loader.plan_entry()
    assert entry["masked"] | {"found": 0} == {
        "mask_selection_rate": 0.3, "mask": 26, "mask_name": "\x1a", "hidden": 0.8, "other": 0.1, "found": 0,
    }  # fmt: skip
    assert entry["masked"]["found"] == int((loader.targets(np.arange(4))["weights"] > 0).sum())
    assert entry["text"]["rows"]["names"] == [TOKEN_IDS, PADDING_MASK, SEGMENT_IDS]
    assert loader.key_parts(0)["mask_selection_rate"] == 0.3


def test_a_saved_model_gets_the_rows_that_were_measured(tmp_path: Path) -> None:
    loader = _make(_TEXTS, tmp_path)
    rows = loader.settings.rows.pack([tokenise_texts(loader.rows.text.tokenizer, _TEXTS)])
    inputs, targets = hide_row(loader.settings, rows, 2, loader.sizes[0], loader.source.identities[2])
    assert (inputs[TOKEN_IDS] == loader(np.array([2]))[TOKEN_IDS]).all()
    assert (targets["weights"] == loader.targets(np.array([2]))["weights"]).all()


def test_a_text_without_a_word_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="1 text of 2 has no token that the tokenizer knows: \x1a"):
        _make(["a text", "\x1a"], tmp_path)
