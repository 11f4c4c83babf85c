from __future__ import annotations

import pytest

from kerastune_ft.config.options.data import FolderData
from kerastune_ft.data.annotations.boxes.base import Boxed, Refusal, to_annotations
from kerastune_ft.data.annotations.boxes.pictures import FoundFile
from kerastune_ft.data.labels.raw import BoxList
from kerastune_ft.errors import DataError

OPTIONS = FolderData(path="x")
FOUND = [
    Boxed(FoundFile("", key), split, BoxList.make([], [], "-"))
    for key, split in (("a", "train"), ("b", "test"), ("c", None))
]


def test_pictures_beside_the_splits_are_ignored_and_said() -> None:
    made = to_annotations(FOUND, [], OPTIONS, ["first"])
    assert [file.key for file in made.files] == ["a", "b"]
    assert made.notes == ["first", "ignored 1 image beside the split folders"]
    assert len(to_annotations(FOUND[2:], [], OPTIONS, []).files) == 1


def test_what_is_refused_is_left_out_by_the_rule_of_its_own() -> None:
    refused = [Refusal("d", "is damaged"), Refusal("e", "is not there", "on_missing")]
    with pytest.raises(DataError, match=r'2 annotations(?s:.*)d  is damaged(?s:.*)"on_bad_file": "skip", "on_missing"'):
        to_annotations(FOUND, refused, OPTIONS, [])
    with pytest.raises(DataError, match=r"1 annotation(?s:.*)is not there"):
        to_annotations(FOUND, refused, OPTIONS.model_copy(update={"on_bad_file": "skip"}), [])
    lenient = OPTIONS.model_copy(update={"on_bad_file": "skip", "on_missing": "skip"})
    assert [file.path for file in to_annotations(FOUND, refused, lenient, []).skipped] == ["d", "e"]
    with pytest.raises(DataError, match=r"no image of .* has an annotation"):
        to_annotations([], refused, lenient, [])
