from __future__ import annotations

from kerastune_ft.data.splits.names import SPLIT_OF_WORD


def test_every_split_is_called_by_its_own_name_and_no_word_means_two() -> None:
    assert {split: SPLIT_OF_WORD[split] for split in ("train", "validation", "test")} == {
        "train": "train",
        "validation": "validation",
        "test": "test",
    }
    assert SPLIT_OF_WORD["val"] == SPLIT_OF_WORD["dev"] == "validation"
    assert all(word == word.lower() for word in SPLIT_OF_WORD)
