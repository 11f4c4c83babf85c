from __future__ import annotations

import pytest

from kerastune_ft.data.splits.names import SPLIT_OF_WORD, are_split_words, is_unlabelled_name, split_names


def test_every_split_is_called_by_its_own_name_and_no_word_means_two() -> None:
    assert {split: SPLIT_OF_WORD[split] for split in ("train", "validation", "test")} == {
        "train": "train",
        "validation": "validation",
        "test": "test",
    }
    assert SPLIT_OF_WORD["val"] == SPLIT_OF_WORD["dev"] == "validation"
    assert all(word == word.lower() for word in SPLIT_OF_WORD)


@pytest.mark.parametrize(
    ("names", "splits"),
    [
        ("seg_train seg_test seg_pred", {"seg_train": "train", "seg_test": "test"}),
        ("training_set test_set", {"training_set": "train", "test_set": "test"}),
        ("train_images val_images", {"train_images": "train", "val_images": "validation"}),
        ("TrainSet testset devset", {"TrainSet": "train", "testset": "test", "devset": "validation"}),
        ("imagesTr imagesTs", {"imagesTr": "train", "imagesTs": "test"}),
        ("train2017 01-val", {"train2017": "train", "01-val": "validation"}),
        ("pets_train pets_test", {"pets_train": "train", "pets_test": "test"}),
        ("train_station test_tube", {}),
        ("trained contest validity trains", {}),
        ("train_test tr ts", {}),
    ],
)
def test_names_that_say_a_split_however_they_are_written(names: str, splits: dict[str, str]) -> None:
    assert split_names(names.split()) == splits


def test_a_name_may_say_that_files_have_no_labels() -> None:
    assert all(map(is_unlabelled_name, ("pred", "seg_pred", "Unlabelled", "unlabeled-images")))
    assert not any(map(is_unlabelled_name, ("predator", "labelled", "prednisone")))


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (("train", "test"), True),
        (("Training", " val", "test"), True),
        (("test", "eval"), False),
        (("train",), False),
        (("train", "test", "car"), False),
        ((), False),
    ],
)
def test_labels_that_are_all_words_for_splits_are_told(labels: tuple[str, ...], expected: bool) -> None:
    assert are_split_words(labels) is expected
