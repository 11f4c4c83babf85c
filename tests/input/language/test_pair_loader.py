from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kerastune_ft.errors import ConfigError
from kerastune_ft.input.language.pair_loader import PairLoader, build_pair_loader
from tests.support.tiny_pairs import PAIRS, byte_input, pair_source

TASK: Any = SimpleNamespace(kind="summarization")
LONG = [("long " * 12, "short " * 6)] * 120


def build(pairs: list[tuple[str, str]], asked: tuple[int | None, int | None] = (None, None), **more: Any) -> PairLoader:
    return build_pair_loader(pair_source(pairs), TASK, byte_input(), asked, **more)


def test_examples_share_shapes_and_both_lengths_are_those_of_open_axes() -> None:
    loader = build(LONG + [PAIRS[1]] * 120)
    assert len(loader.settings.shapes) == 2
    small, large = loader.length(0), loader.length(1)
    assert small == (8, 8)
    assert large == (64, 40)
    assert loader.buckets.tolist() == [1] * 120 + [0] * 120
    assert loader.mean_length == (36.0, 24.0)
    assert loader.tokens(1) == 104
    spec = loader.input_spec(1)
    assert spec["encoder_token_ids"].shape == [64]
    assert spec["decoder_padding_mask"].shape == [40]
    inputs, targets = loader(np.array([0, 1])), loader.targets(np.array([0, 1]))
    assert inputs["decoder_token_ids"].shape == targets["labels"].shape == (2, 40)
    assert np.unique(loader.pick_typical(np.array([3, 200]))).size == 1


def test_what_is_cut_is_counted_and_the_key_of_a_store_covers_the_limits() -> None:
    loader = build(PAIRS, (8, 12))
    assert loader.to_json()["truncated"] == {"examples": 2, "tokens": 14, "answers": 1}
    assert [note.rpartition(" ")[2] for note in loader.notes()] == ["(data.sequence_length)", "(data.target_length)"]
    assert loader.describe_inputs([0]) == [{"tokens": 8, "of": 12}]
    other = build(PAIRS, (8, 10))
    assert loader.key_parts(0) != other.key_parts(0)


def test_shapes_of_an_earlier_run_are_taken() -> None:
    assert build(PAIRS, shapes=((8, 8), (24, 24))).settings.limits == (24, 24)


@pytest.mark.parametrize("asked", [(None, 65), (65, None)])
def test_more_positions_than_the_model_has_are_an_error(asked: tuple[int | None, int | None]) -> None:
    with pytest.raises(ConfigError, match="at most 64"):
        build(PAIRS, asked)
