from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from kerastune_ft.config.options.data import FolderData, Fractions, Named
from kerastune_ft.config.options.tasks import ImageClassification
from kerastune_ft.data.annotations.inner_folders import (
    are_numbered,
    are_parts,
    find_inner_classes,
    find_inner_splits,
    note_merged,
)
from kerastune_ft.data.open import open_source
from kerastune_ft.errors import DataError
from kerastune_ft.rules import FIRST
from tests.support.image_files import Open, class_folders

ROOT = Path("pets")


def folders(root: Path, top: tuple[str, ...], inner: tuple[str, ...]) -> Path:
    for seed, name in enumerate(top):
        class_folders(root / name, 4, inner, seed=seed * 5000)
    return root


@pytest.mark.parametrize("inner", [("test", "train"), ("seg_test", "seg_train"), ("pets_train", "pets_val")])
def test_splits_inside_the_classes_are_refused_unless_shares_pool_them(
    inner: tuple[str, ...], tmp_path: Path, open_folder: Open
) -> None:
    root = folders(tmp_path / "pets", ("cat", "dog"), inner)
    with pytest.raises(DataError, match=r"in them that look like splits: cat/\w*train and cat/\w+\.\n") as caught:
        open_folder(root)
    written = re.search(r'"splits": (.*)$', str(caught.value), re.MULTILINE)
    assert written is not None
    source = open_folder(root, splits=Fractions(**json.loads(written[1])))
    assert source.info.examples == 16
    assert any("if they are splits, put them above" in note for note in source.info.notes)


def test_listed_classes_do_not_answer_for_splits_inside_them(tmp_path: Path) -> None:
    root = folders(tmp_path / "pets", ("cat", "dog"), ("test", "train"))
    task = ImageClassification(classes=("cat", "dog"))
    with pytest.raises(DataError, match="look like splits"):
        open_source(FolderData(path=str(root)), task, tmp_path / "cache", lambda _: None)


@pytest.mark.parametrize(
    ("top", "inner"),
    [
        (("fold1", "fold2", "fold3"), ("cat", "dog")),
        (("batch1", "batch2"), ("cat", "dog")),
        (("gallery", "query", "source"), ("cat", "dog")),
        (("fold1", "fold2"), ("1", "2")),
        (("art", "photo"), ("cat", "dog")),
    ],
)
def test_folders_of_the_same_names_are_asked_about_and_both_answers_work(
    top: tuple[str, ...], inner: tuple[str, ...], tmp_path: Path, open_folder: Open
) -> None:
    root = folders(tmp_path / "pets", top, inner)
    with pytest.raises(DataError, match="folders of the same names") as caught:
        open_folder(root)
    lines = dict(re.findall(r'write in \w+:  "(splits|classes)": (.*)$', str(caught.value), re.MULTILINE))
    named = open_folder(root, splits=Named(**json.loads(lines["splits"])))
    assert named.info.classes == inner
    listed = ImageClassification(classes=tuple(json.loads(lines["classes"])))
    assert open_source(FolderData(path=str(root)), listed, tmp_path / "cache", lambda _: None).info.classes == top


@pytest.mark.parametrize("top", [("cat", "dog"), ("fold1", "fold2")])
def test_runs_of_the_first_rules_and_other_data_are_not_asked(top: tuple[str, ...], tmp_path: Path) -> None:
    root = folders(tmp_path / "pets", top, ("test", "train") if "cat" in top else ("cat", "dog"))
    data, task = FolderData(path=str(root)), ImageClassification()
    assert open_source(data, task, tmp_path / "cache", lambda _: None, rules=FIRST).info.classes == top
    assert open_source(data, task, tmp_path / "cache", lambda _: None, unsplit=True).info.classes == top


@pytest.mark.parametrize(
    "inside",
    [
        {"neg": {"p1", "p2"}, "pos": {"p1", "p2"}},
        {"neg": {"p1", "p2"}, "pos": {"p3", "p4"}},
        {"cat": {"2019", "2020"}, "dog": {"2019", "2020"}},
        {"cat": {"indoor", "outdoor"}, "dog": {"indoor"}},
        {"cat": {"a", "b", ""}, "dog": {"a", "b", ""}},
        {"cat": {"a"}, "dog": {"a"}},
        {"cat": {""}, "dog": {""}},
        {"vehicle": {"train", "test", "car"}, "cat": {"a"}, "dog": {"b"}},
    ],
)
def test_patients_years_and_folders_that_few_classes_have_are_not_asked_about(inside: dict[str, set[str]]) -> None:
    assert find_inner_splits(inside) == {}
    assert find_inner_classes(ROOT, inside) is None


def test_folds_may_lack_a_class() -> None:
    inside = {"fold1": {"cat", "dog", "fox"}, "fold2": {"cat", "dog"}}
    question = find_inner_classes(ROOT, inside)
    assert question is not None
    assert question.classes == ("fold1", "fold2")


def test_most_classes_are_enough_for_splits_inside() -> None:
    inside = {"cat": {"train", "val"}, "dog": {"train", "val"}, "fox": {"train"}}
    assert find_inner_splits(inside) == {"train": "train", "val": "validation"}


def test_names_of_parts_and_numbers() -> None:
    assert are_parts(["fold_1", "Fold-2"])
    assert not are_parts(["fold1", "cat"])
    assert are_numbered(["p1", "p20"])
    assert not are_numbered(["p1", "q1"])
    assert not are_numbered(["cat", "dog"])


def test_only_split_words_are_advised_about() -> None:
    assert note_merged({"a": {"p1", "p2"}, "b": {"p1", "p2"}}) == [
        "the folders p1, p2 inside the classes a, b were merged"
    ]
    (note,) = note_merged({"a": {"train", "val"}, "b": {"train", "val"}})
    assert "train/a" in note
