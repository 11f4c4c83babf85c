"""Pairs of texts in memory and the input of an encoder-decoder whose tokens are bytes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import keras_hub
import numpy as np

from kerastune_ft.backbones.language.pair_input import PAIR_NAMES, PairInput
from kerastune_ft.data.dialogues.turns import make_pair

PAIRS = [("abcdefghij", "ab"), ("klm", "kl"), ("</s> not a token", "x" * 20)]


def byte_input() -> PairInput:
    """Return the input of BART of random weights: bytes between 2 and 3, the decoder begins with 3 and 2."""
    tokenizer = keras_hub.tokenizers.ByteTokenizer(lowercase=False)
    return PairInput(tokenizer, PAIR_NAMES, (2,), (3, 3), (3,), 0, 64, 64, decoder_start=(3, 2), decoder_end=(3,))


def pair_source(pairs: list[tuple[str, str]]) -> Any:
    """Return what a loader asks of a source, for these texts and what is written for them."""
    every = np.arange(len(pairs))
    return SimpleNamespace(
        keys=[str(number) for number in every],
        splits={"train": every},
        read_dialogue=lambda index: make_pair(*pairs[index]),
    )
