from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from kerastune_ft.config.options.data import Column, File, Fractions
from kerastune_ft.data.labels.one_class import OneClassLabels
from kerastune_ft.data.splits.choose import ChosenSplits, choose_splits
from kerastune_ft.data.splits.examples import SplitExamples
from kerastune_ft.data.splits.table import splits_table
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.rundir import RunDirectory

KEYS = [f"été, {index}.png" for index in range(40)]


def _examples(texts: list[str] | None = None, groups: list[str] | None = None) -> SplitExamples:
    strata = (np.arange(40) % 2).astype(np.int32)
    return SplitExamples(KEYS, strata, ("a", "b"), groups, None if texts is None else lambda name: texts)


def _column(texts: list[str], groups: list[str] | None = None) -> ChosenSplits:
    return choose_splits(Column(column="fold"), {"train": np.arange(3)}, _examples(texts, groups))


def _file(path: Path) -> ChosenSplits:
    return choose_splits(File(file=str(path)), {}, _examples())


def test_a_column_says_the_splits() -> None:
    chosen = _column(["test"] * 8 + ["train"] * 24 + ["validation"] * 8)
    assert {split: (indices.min(), indices.max()) for split, indices in chosen.splits.items()} == {
        "train": (8, 31),
        "validation": (32, 39),
        "test": (0, 7),
    }
    assert chosen.notes == ()


def test_words_of_others_are_taken_and_said() -> None:
    chosen = _column(["Training"] * 24 + ["val"] * 4 + ["DEV"] * 4 + [" test"] * 8)
    assert [len(indices) for indices in chosen.splits.values()] == [24, 8, 8]
    assert chosen.notes == (
        'splits: in the column "fold" " test" is taken as test, "DEV" is taken as validation, '
        '"Training" is taken as train, "val" is taken as validation',
    )


def test_other_values_are_named_with_their_rows() -> None:
    with pytest.raises(DataError) as caught:
        _column(["train"] * 30 + ["3"] * 7 + [""] * 3)
    assert str(caught.value) == (
        'data.splits.column: the column "fold" must say train, validation or test for every image, and says\n'
        '  "3" for 7 images: été, 30.png, été, 31.png, été, 32.png, été, 33.png, été, 34.png and 2 more\n'
        "  nothing for 3 images: été, 37.png, été, 38.png, été, 39.png\n"
        "Write one of the three words there."
    )


def test_a_column_without_train_is_an_error() -> None:
    with pytest.raises(DataError, match='the column "fold" places no image in train'):
        _column(["test"] * 40)


def test_a_column_without_validation_gets_it_from_train() -> None:
    chosen = _column(["train"] * 20 + ["test"] * 20)
    assert [len(indices) for indices in chosen.splits.values()] == [17, 3, 20]
    assert chosen.notes == (
        'splits: the column "fold" has no validation split, so 15 % of train (of every class) is used as validation',
    )


def test_a_column_that_divides_groups_is_warned_about() -> None:
    texts = ["train"] * 21 + ["validation"] * 9 + ["test"] * 10
    chosen = _column(texts, [f"p{index // 5}" for index in range(40)])
    assert chosen.notes[1] == ("splits: 1 group is in more than one split (p4), so the metrics flatter the model")


def test_data_without_columns_is_a_mistake_of_the_configuration() -> None:
    with pytest.raises(ConfigError, match='only a table has columns, and this data has no column "fold"'):
        choose_splits(Column(column="fold"), {}, _examples())


@pytest.mark.parametrize("groups", [None, [f"p{index // 2}" for index in range(40)]])
def test_the_splits_of_another_run_come_back(tmp_path: Path, groups: list[str] | None) -> None:
    first = choose_splits(Fractions(train=0.5, validation=0.2, test=0.3, seed=3), {}, _examples(groups=groups))
    source = SimpleNamespace(
        keys=KEYS,
        groups=groups,
        splits=first.splits,
        recorded_labels=["a", "b"] * 20,
        input_hashes=KEYS,
        info=SimpleNamespace(fingerprint="data"),
    )
    columns, rows = splits_table(source)
    assert columns == ("input", "label", "split", *(["group"] if groups else []), "content")
    run = RunDirectory(tmp_path)
    run.commit_csv("splits.csv", columns, [dict(zip(columns, row, strict=True)) for row in rows])
    for path in (tmp_path / "splits.csv", tmp_path):
        again = choose_splits(File(file=str(path)), {}, _examples(groups=groups))
        assert all(np.array_equal(indices, first.splits[split]) for split, indices in again.splits.items())
        assert again.groups == first.groups


def _write(path: Path, rows: list[tuple[str, str]], header: str = "input,split") -> Path:
    path.write_text("\n".join([header, *(f'"{key}",{split}' for key, split in rows)]) + "\n", encoding="utf-8")
    return path


SPLIT_OF = ["train"] * 24 + ["validation"] * 8 + ["test"] * 8
ROWS = list(zip(KEYS, SPLIT_OF, strict=True))


def test_rows_that_the_data_lacks_are_counted(tmp_path: Path) -> None:
    path = _write(tmp_path / "s.csv", [*ROWS, ("gone.png", "train"), ("gone too.png", "nowhere")])
    chosen = _file(path)
    assert [len(indices) for indices in chosen.splits.values()] == [24, 8, 8]
    assert chosen.notes == (f"splits: 2 rows of {path} name no example of this data",)


def test_labels_that_changed_since_the_file_was_written_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    rows = [(key, split, "b" if place == 4 else ("a", "")[place % 2]) for place, (key, split) in enumerate(ROWS)]
    path.write_text("input,split,label\n" + "".join(f'"{key}",{split},{label}\n' for key, split, label in rows))
    examples = SplitExamples.from_labels(KEYS, OneClassLabels(("a", ""), (np.arange(40) % 2).astype(np.int32)))
    same = f"in {path} than in this data"
    assert choose_splits(File(file=str(path)), {}, examples).notes == (
        f'splits: 1 of 40 images has another label {same} ("b" there and "a" here); '
        "the splits are taken from the file, the labels from the data",
    )
    numbers = np.arange(40) % 2
    numbers[-4:] = 1 - numbers[-4:]
    other = SplitExamples.from_labels(KEYS, OneClassLabels(("a", ""), numbers.astype(np.int32)))
    (note,) = choose_splits(File(file=str(path)), {}, other).notes
    assert note.startswith(f"splits: 5 of 40 images have another label {same}")
    # A run on texts without labels writes an empty one in each row.
    path.write_text("input,split,label\n" + "".join(f'"{key}",{split},\n' for key, split, _ in rows))
    assert choose_splits(File(file=str(path)), {}, examples).notes == ()
    without = _write(tmp_path / "t.csv", ROWS)
    assert choose_splits(File(file=str(without)), {}, examples).notes == ()


def test_examples_that_the_file_does_not_place_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"places 38 of 40 images, but not été, 38.png, été, 39.png.\nAdd a row"):
        _file(_write(tmp_path / "s.csv", ROWS[:38]))
    with pytest.raises(DataError, match=r"places none of the 40 images: the data has été, 0.png, the file other"):
        _file(_write(tmp_path / "s.csv", [("other.png", "train")]))


def test_files_that_are_no_splits_are_mistakes_of_the_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none.csv cannot be read: it is not there"):
        _file(tmp_path / "none.csv")
    with pytest.raises(ConfigError, match=r"needs the columns input and split; it has path, part"):
        _file(_write(tmp_path / "s.csv", ROWS, "path,part"))
    (tmp_path / "s.csv").write_bytes(b"input,split\n\xff\xfe,train\n")
    with pytest.raises(ConfigError, match=r"s.csv cannot be read: 'utf-8'"):
        _file(tmp_path / "s.csv")
    (tmp_path / "s.csv").write_bytes(b"")
    with pytest.raises(ConfigError, match=r"it has none"):
        _file(tmp_path / "s.csv")
    with pytest.raises(ConfigError, match=r"several rows for été, 0.png"):
        _file(_write(tmp_path / "s.csv", [*ROWS, ROWS[0]]))
