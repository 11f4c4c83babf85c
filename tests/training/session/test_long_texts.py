"""Texts in windows as a plan shows them, and what is refused before anything trains."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastune_ft import ConfigError
from kerastune_ft.api import training
from kerastune_ft.config.read import read
from kerastune_ft.config.run import config_hash
from tests.support.tiny_text import text_document, write_texts


@pytest.fixture
def document(tmp_path: Path) -> dict[str, Any]:
    made = text_document(write_texts(tmp_path / "texts.csv"))
    made["data"] |= {"sequence_length": 32, "long_texts": "windows"}
    return {**made, "runtime": {"cache_directory": str(tmp_path / "cache")}}


def test_a_plan_tells_the_windows_and_what_is_stored(document: dict[str, Any], tmp_path: Path) -> None:
    plan = training.plan(document).document
    with (tmp_path / "texts.csv").open(encoding="utf-8") as file:
        lengths = np.array([len(row["text"].encode()) for row in csv.DictReader(file)])
    windows = -(-lengths // 30)
    about = plan["text"]
    assert about["windows"]["total"] == windows.sum() == 135
    assert about["windows"]["longer"] == (windows > 1).sum()
    assert about["windows"]["numbers"][-1] == windows.max()
    assert (about["sequence_length"], about["lengths"], about["rows"]["window"]) == (32, [32], 32)
    assert any(f"{(windows > 1).sum()} of 75 texts are longer than 32 tokens" in note for note in plan["notes"])
    head, _, top = plan["phases"]
    assert [tensor["shape"] for tensor in head["cut"]] == [[16]], "of the frozen part one vector is stored"
    assert top["cut"][0]["shape"] == [None, 32, 16]
    mean = np.array(about["windows"]["numbers"])[np.repeat(range(len(about["examples"])), about["examples"])].mean()
    assert top["cut"][0]["bytes"] == np.ceil(mean * 32 * 16 * 4)


def test_a_length_that_the_backbone_has_no_positions_for_is_refused(document: dict[str, Any]) -> None:
    document["data"]["sequence_length"] = 5000
    with pytest.raises(ConfigError, match="5000 is more than the 512 positions"):
        training.plan(document)


def test_pairs_in_arrays_are_refused(document: dict[str, Any], tmp_path: Path) -> None:
    texts = np.array([[f"one {row}", f"two {row}"] for row in range(40)])
    np.savez(tmp_path / "pairs.npz", x=texts, y=np.arange(40) % 2)
    document["data"] = {
        "kind": "arrays", "path": str(tmp_path / "pairs.npz"), "sequence_length": 32, "long_texts": "windows",
    }  # fmt: skip
    document["task"] = {"kind": "text_classification"}
    with pytest.raises(ConfigError, match="an example is a pair of texts"):
        training.plan(document)


def test_the_first_token_of_a_decoder_is_refused_in_windows_too(document: dict[str, Any]) -> None:
    document |= {"backbone": {"kind": "keras_hub", "class": "GPT2Backbone"}, "head": {"pooling": "cls"}}
    with pytest.raises(ConfigError, match="no token sees those after it"):
        training.plan(document)


def test_texts_that_are_cut_have_the_hash_of_a_run_without_the_key(document: dict[str, Any]) -> None:
    def hash_with(**changes: Any) -> str:
        return config_hash(read({**document, "data": {**document["data"], **changes}}))

    before = {key: value for key, value in document["data"].items() if key != "long_texts"}
    assert hash_with(long_texts="cut") == config_hash(read({**document, "data": before}))
    assert hash_with(long_texts="cut") != hash_with()
