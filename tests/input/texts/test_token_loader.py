"""The tokens of a source: made once, of lengths that follow from them, and told of where they are cut."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastune_ft.backbones.text_input import TextInput
from kerastune_ft.config.options.heads import Head
from kerastune_ft.config.options.tasks import TextClassification
from kerastune_ft.data.build import describe
from kerastune_ft.data.labels.one_class import OneClassLabels
from kerastune_ft.data.splits.choose import ChosenSplits
from kerastune_ft.data.texts.text_source import TextSource, text_identity
from kerastune_ft.errors import ConfigError
from kerastune_ft.input.texts.row_settings import read_sizes
from kerastune_ft.input.texts.token_loader import TokenLoader, build_token_loader
from kerastune_ft.tasks.classification import Classification

EXAMPLES = 600


class Letters:
    """A tokenizer of letters that counts its calls; what is no letter is unknown."""

    unk_token_id = 5

    def __init__(self, first: int = 10) -> None:
        self.first, self.calls = first, 0

    def get_config(self) -> dict[str, Any]:
        return {"name": "letters", "first": self.first}

    def __call__(self, texts: Sequence[str]) -> list[list[int]]:
        self.calls += 1
        return [
            [ord(one) - ord("a") + self.first if one.isalpha() else self.unk_token_id for one in text] for text in texts
        ]


def source() -> TextSource:
    texts = [("ab" * (60 if row % 10 == 0 else 3),) for row in range(EXAMPLES)]
    labels = OneClassLabels(("no", "yes"), (np.arange(EXAMPLES) % 2).astype(np.int32))
    chosen = ChosenSplits({"train": np.arange(500), "validation": np.arange(500, EXAMPLES)}, (), {})
    keys = [f"row {row}" for row in range(EXAMPLES)]
    return TextSource(describe("table", "t", labels, chosen, "", keys, [text_identity(each) for each in texts]), texts)


def load(
    cache: Path,
    tokenizer: Letters,
    asked: int | None = None,
    maximum: int = 512,
    sizes: tuple[int, ...] | None = None,
    window: int | None = None,
) -> TokenLoader:
    data = source()
    text = TextInput(tokenizer, ("token_ids", "padding_mask"), (1,), (2,), (2,), 0, maximum, 256, window)
    task = Classification(TextClassification(kind="text_classification"), Head(), data.scheme, 0)
    return build_token_loader(data, task, text, asked, cache, lambda line: None, sizes)


def test_tokens_are_made_once(tmp_path: Path) -> None:
    first, second, other = Letters(), Letters(), Letters(first=20)
    rows = [load(tmp_path, tokenizer)(np.array([1, 2])) for tokenizer in (first, second, other)]
    assert (first.calls, second.calls, other.calls) == (1, 0, 1)
    assert rows[0]["token_ids"].tolist() == rows[1]["token_ids"].tolist() != rows[2]["token_ids"].tolist()


def test_a_batch_has_the_length_of_its_examples(tmp_path: Path) -> None:
    loader = load(tmp_path, Letters())
    assert loader.sizes == (8, 128)
    assert loader(np.array([1, 2, 3]))["token_ids"].shape == (3, 8)
    assert loader(np.array([0, 10]))["padding_mask"].sum(axis=1).tolist() == [122, 122]
    assert loader.targets(np.arange(EXAMPLES)).tolist() == (np.arange(EXAMPLES) % 2).tolist()
    assert loader.mean_length == pytest.approx(0.9 * 8 + 0.1 * 128)


def test_what_is_cut_or_unknown_is_told(tmp_path: Path) -> None:
    loader = load(tmp_path, Letters(), asked=32)
    assert loader.sizes[-1] == loader.limit == 32
    assert loader.to_json()["truncated"] == {"examples": 60, "tokens": 60 * 90}
    (note,) = loader.notes()
    assert note.startswith("60 of 600 texts are cut to 32 tokens and lose 5,400 tokens, 90 in the mean")


def test_other_data_may_be_longer(tmp_path: Path) -> None:
    about = load(tmp_path, Letters()).to_json()
    assert read_sizes(about) == (8, 128, 256)
    assert load(tmp_path, Letters(), sizes=(8, 16)).sizes == (8, 16)


@pytest.mark.parametrize(("asked", "said"), [(600, "more than the 512 positions"), (5, "leaves no room for text")])
def test_lengths_that_cannot_be_are_refused(tmp_path: Path, asked: int, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load(tmp_path, Letters(), asked=asked)


def test_the_tokens_of_pairs_are_told_of_once(tmp_path: Path) -> None:
    texts = [("ab", "abc" * (row + 1)) for row in range(6)]
    labels = OneClassLabels(("no", "yes"), np.array([0, 1] * 3, np.int32))
    chosen = ChosenSplits({"train": np.arange(4), "validation": np.arange(4, 6)}, (), {})
    keys = [f"row {row}" for row in range(6)]
    data = TextSource(describe("table", "t", labels, chosen, "", keys, [text_identity(each) for each in texts]), texts)
    text = TextInput(Letters(), ("token_ids", "padding_mask"), (1,), (2,), (2,), 0, 512, 256)
    task = Classification(TextClassification(kind="text_classification"), Head(), data.scheme, 0)
    said: list[str] = []
    for _ in range(2):
        build_token_loader(data, task, text, None, tmp_path, said.append)
    assert said == ["writing the tokens of 6 pairs into the cache, once"]


def test_what_became_of_a_text_is_how_much_of_it_is_read(tmp_path: Path) -> None:
    found = load(tmp_path, Letters(), asked=22).describe_inputs([0, 1])
    assert found == [{"read": [20], "of": [120]}, {"read": [6], "of": [6]}]


@pytest.mark.parametrize(("window", "read"), [(8, 6 * 16), (22, 120)])
def test_of_a_text_in_windows_all_windows_are_read(tmp_path: Path, window: int, read: int) -> None:
    found = load(tmp_path, Letters(), asked=window, window=window).describe_inputs([0, 1])
    assert found == [{"read": [read], "of": [120]}, {"read": [6], "of": [6]}]
