from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastune_ft.config.options.data import ArraysData, Column, File, FolderData, Folds, TableData, TfdsData
from kerastune_ft.config.options.tasks import ImageClassification
from kerastune_ft.data.exclude import Exclusion
from kerastune_ft.data.open import open_source
from kerastune_ft.data.source import DataSource
from kerastune_ft.data.splits.recorded import RecordedExamples, content_key
from kerastune_ft.data.splits.table import splits_table
from kerastune_ft.errors import DataError
from tests.support.image_files import class_folders, pixels, write
from tests.support.table_files import pet_table, pets


def _open(options: Any, folder: Path, **more: Any) -> DataSource:
    return open_source(options, ImageClassification(), folder / "cache", lambda line: None, **more)


def _list(folder: Path, *keys: str) -> str:
    return str(write(folder / "exclude.csv", ("input,reason\n" + "".join(f"{key},odd\n" for key in keys)).encode()))


def _by_key(source: DataSource) -> dict[str, str]:
    return {source.keys[index]: split for split, indices in source.splits.items() for index in indices}


def _folder(folder: Path) -> dict[str, Any]:
    return {"kind": FolderData, "path": str(class_folders(folder / "photos"))}


def _table(folder: Path) -> dict[str, Any]:
    return {"kind": TableData, "path": str(pet_table(folder / "data")), "input": "image", "label": "label"}


def _arrays(folder: Path) -> dict[str, Any]:
    images = np.stack([pixels(number, 8, 8) for number in range(30)])
    np.savez(folder / "set.npz", x=images, y=np.arange(30) % 2)
    return {"kind": ArraysData, "path": str(folder / "set.npz")}


def _digits(folder: Path) -> dict[str, Any]:
    return {"kind": TfdsData, "name": "digits"}


@pytest.mark.parametrize("make", [_folder, _table, _arrays, _digits])
def test_what_is_excluded_is_in_no_split_and_moves_no_other(tmp_path: Path, make: Any) -> None:
    options = make(tmp_path)
    kind = options.pop("kind")
    whole = _open(kind(**options), tmp_path)
    places = _by_key(whole)
    out = [next(key for key, split in places.items() if split == wanted) for wanted in ("train", "train", "test")]
    out[1] = [key for key, split in places.items() if split == "train"][-1]
    source = _open(kind(**options, exclude=_list(tmp_path, *out)), tmp_path)
    assert _by_key(source) == {key: split for key, split in places.items() if key not in out}
    assert source.info.excluded == {"train": 2, "validation": 0, "test": 1}
    assert source.info.to_json()["excluded"] == source.info.excluded
    assert source.info.examples == whole.info.examples - 3
    assert sum(source.info.counts["train"].values()) == source.info.sizes["train"] == whole.info.sizes["train"] - 2
    assert source.info.fingerprint != whole.info.fingerprint
    assert source.info.notes[-1].startswith("excluded: 3 examples that ")
    assert source.info.notes[-1].endswith("(2 of train, 1 of test); the others are where they would be without it")
    # What the others give is what they gave.
    assert list(source.contents) == list(whole.contents)
    assert len(splits_table(source)[1]) == whole.info.examples - 3


def test_folds_and_groups_stay_too(tmp_path: Path) -> None:
    rows = [[*row, f"p{number // 2}"] for number, row in enumerate(pets(tmp_path / "data", 40))]
    path = str(pet_table(tmp_path / "data", rows, ("image", "label", "group")))
    folds = Folds(folds=4, fold=1, test=0.2)
    for more in ({"splits": folds}, {"group": "group"}, {"splits": folds, "group": "group"}):
        options = {"path": path, "input": "image", "label": "label", **more}
        places = _by_key(_open(TableData(**options), tmp_path))
        out = list(places)[3:7]
        left = _by_key(_open(TableData(**options, exclude=_list(tmp_path, *out)), tmp_path))
        assert left == {key: split for key, split in places.items() if key not in out}


def test_splits_of_a_run_that_left_them_out_are_taken(tmp_path: Path) -> None:
    options = _table(tmp_path)
    options.pop("kind")
    out = ["images/003.png"]
    source = _open(TableData(**options, exclude=_list(tmp_path, *out)), tmp_path)
    columns, rows = splits_table(source)
    file = write(tmp_path / "splits.csv", "\n".join(",".join(row) for row in (columns, *rows)).encode())
    again = _open(TableData(**options, splits=File(file=str(file)), exclude=_list(tmp_path, *out)), tmp_path)
    assert _by_key(again) == _by_key(source)
    with pytest.raises(DataError, match=r"but not\s+images/003.png"):
        _open(TableData(**options, splits=File(file=str(file))), tmp_path)


def test_an_unknown_key_is_named_with_the_nearest(tmp_path: Path) -> None:
    options = _table(tmp_path)
    options.pop("kind")
    with pytest.raises(DataError) as caught:
        _open(TableData(**options, exclude=_list(tmp_path, "images/000.png", "image/003.png", "zzz")), tmp_path)
    assert str(caught.value) == (
        f"data.exclude: 2 rows of {tmp_path}/exclude.csv are no keys of this data:\n"
        "  image/003.png; did you mean images/003.png?\n"
        "  zzz\n"
        "Keys are those of splits.csv and predictions.csv, as images/000.png. Correct the rows, or take them out."
    )


def test_a_key_of_a_file_that_is_skipped_anyway_is_known(tmp_path: Path) -> None:
    path = class_folders(tmp_path / "photos")
    write(path / "cat" / "broken.png", b"no picture")
    file = _list(tmp_path, "cat/broken.png")
    source = _open(FolderData(path=str(path), on_bad_file="skip", exclude=file), tmp_path)
    assert not source.info.excluded
    assert not any(note.startswith("excluded") for note in source.info.notes)


def test_rows_that_moved_since_are_noticed(tmp_path: Path) -> None:
    """Keys of arrays are positions: with another row there, they would leave out another example."""
    options = _arrays(tmp_path)
    options.pop("kind")
    source = _open(ArraysData(**options), tmp_path)
    lines = ["input,reason,content"]
    lines += [f"x[{row}],odd,{content_key(f'x[{row}]', source.input_hashes[row])}" for row in (3, 4)]
    file = write(tmp_path / "exclude.csv", "\n".join(lines).encode())
    assert sum(_open(ArraysData(**options, exclude=str(file)), tmp_path).info.excluded.values()) == 2
    with np.load(options["path"]) as old:
        x, y = old["x"], old["y"]
    np.savez(options["path"], x=np.delete(x, 0, axis=0), y=np.delete(y, 0))
    with pytest.raises(DataError, match=r"2 examples that .* names hold something else .*: x\[3\], x\[4\]"):
        _open(ArraysData(**options, exclude=str(file)), tmp_path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "it is not there"),
        (b"key\nx[3]\n", "needs a column input with the keys of examples, as in splits.csv; it has key"),
        (b"", "it has none"),
        (b"input\n\xff\n", "cannot be read: 'utf-8' codec"),
    ],
)
def test_a_file_that_is_no_such_list_is_an_error_of_the_data(tmp_path: Path, content: bytes | None, said: str) -> None:
    if content is not None:
        write(tmp_path / "exclude.csv", content)
    with pytest.raises(DataError) as caught:
        Exclusion.read(str(tmp_path / "exclude.csv"))
    assert said in str(caught.value)
    assert str(caught.value).startswith("data.exclude: ")


def test_a_class_that_loses_all_its_training_examples_is_refused(tmp_path: Path) -> None:
    options = _table(tmp_path)
    options.pop("kind")
    source = _open(TableData(**options), tmp_path)
    cats = [source.keys[index] for index in source.splits["train"] if source.label_texts[index] == "cat"]
    with pytest.raises(DataError, match="class cat has 1 image in validation and 2 images in test and none in train"):
        _open(TableData(**options, exclude=_list(tmp_path, *cats)), tmp_path)


def test_a_run_that_goes_on_has_the_same_data_only_with_the_same_list(tmp_path: Path) -> None:
    options = _table(tmp_path)
    options.pop("kind")
    left = TableData(**options, exclude=_list(tmp_path, "images/001.png"))
    source = _open(left, tmp_path)
    columns, rows = splits_table(source)
    content = "\n".join(",".join(row) for row in (columns, *rows)).encode()
    recorded = RecordedExamples.parse("runs/a-1", source.info.fingerprint, content).with_notes((), {"train": 1})
    again = _open(left, tmp_path, recorded=recorded)
    assert _by_key(again) == _by_key(source)
    assert again.info.excluded == {"train": 1}
    _list(tmp_path, "images/002.png")
    with pytest.raises(DataError, match="the data changed since runs/a-1 began"):
        _open(left, tmp_path, recorded=recorded)
    # Asked about afterwards, the run is found in its splits, whatever the list has become.
    (tmp_path / "exclude.csv").unlink()
    found = _open(left, tmp_path, recorded=recorded.in_changed_data())
    assert _by_key(found) == _by_key(source)
    with pytest.raises(DataError, match="cannot be read: it is not there"):
        _open(left, tmp_path, recorded=recorded)


def test_other_data_to_evaluate_on_are_not_shortened(tmp_path: Path) -> None:
    options = _table(tmp_path)
    options.pop("kind")
    other = TableData(**options, exclude=_list(tmp_path, "elsewhere.png"), splits=Column(column="none"))
    assert _open(other, tmp_path, unsplit=True).info.sizes == {"test": 20}


def test_in_changed_data_what_was_left_out_is_not_new(tmp_path: Path) -> None:
    rows = pets(tmp_path / "data", 20)
    path = str(pet_table(tmp_path / "data", rows))
    left = TableData(path=path, input="image", label="label", exclude=_list(tmp_path, "images/001.png"))
    source = _open(left, tmp_path)
    columns, written = splits_table(source)
    content = "\n".join(",".join(row) for row in (columns, *written)).encode()
    recorded = RecordedExamples.parse("runs/a-1", source.info.fingerprint, content).in_changed_data()
    rows[0][1] = {"cat": "dog", "dog": "cat"}[rows[0][1]]
    pet_table(tmp_path / "data", rows)
    change = _open(left, tmp_path, recorded=recorded).change
    assert change is not None
    assert change.describe().startswith("1 ")
    assert not change.added
