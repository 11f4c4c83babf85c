"""The input of encoder-decoder models."""

from __future__ import annotations

import json

from kerastune_ft.backbones.language.pair_input import PAIR_NAMES, PairInput


def test_it_is_read_again_from_json() -> None:
    given = PairInput("tokenizer", PAIR_NAMES, (0,), (2, 2), (2,), 1, 1024, 512, decoder_start=(2, 0), decoder_end=(2,))
    document = json.loads(json.dumps(given.to_json()))
    assert PairInput.from_json(document, "tokenizer") == given
    assert document["decoder_start"] == [2, 0]
    assert given.modality == given.augmentation_modality == "pair"
