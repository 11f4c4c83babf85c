"""What a table's options say that nothing in the table bears out, and which file is meant by one that is not there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from kerastune_ft.config.options.data import MultipleLabels, TableData
from kerastune_ft.config.options.tasks import ImageClassification
from kerastune_ft.data.open import open_source
from kerastune_ft.errors import ConfigError, DataError
from tests.support.image_files import write
from tests.support.table_files import format_delimited, images, open_table, pet_table, pets

FINDINGS = ("Edema|Mass", "No Finding", "Mass", "Edema")


def findings(root: Path, cells: Sequence[str] = FINDINGS) -> Path:
    """Write a table of 20 images whose labels are these cells in turn."""
    rows = [[name, cells[number % len(cells)]] for number, (name, _) in enumerate(pets(root))]
    return pet_table(root, rows, ("image", "finding"))


def open_keys(path: Path, **options: str) -> None:
    open_table(path, multi_label=True, label=MultipleLabels(column="finding", **options))


@pytest.mark.parametrize(
    ("none", "words"),
    [
        ("No finding", '"No finding"; did you mean "No Finding"?'),
        ("healthy", r'"healthy". The cells say "Edema" \(10 times\), "Mass" \(10 times\), "No Finding" \(5 times\)'),
    ],
)
def test_a_text_for_no_label_that_no_cell_has_is_refused(tmp_path: Path, none: str, words: str) -> None:
    with pytest.raises(ConfigError, match=rf'data\.label\.none: no cell of the column "finding" of .* is {words}'):
        open_keys(findings(tmp_path / "data"), separator="|", none=none)


@pytest.mark.parametrize(
    ("separator", "words"),
    [
        (";", r'";" is in no cell of .*; there is "\|" in 5 of 20'),
        (",", r'"," is in no cell of .*; there is "\|" in 5 of 20'),
    ],
)
def test_a_separator_that_no_cell_has_is_refused(tmp_path: Path, separator: str, words: str) -> None:
    with pytest.raises(ConfigError, match=rf"data\.label\.separator: {words}"):
        open_keys(findings(tmp_path / "data"), separator=separator)


def test_cells_of_one_label_need_no_separator_but_none_that_is_given(tmp_path: Path) -> None:
    path = findings(tmp_path / "data", ("Edema", "No Finding", "Mass"))
    open_keys(path, none="No Finding")
    with pytest.raises(
        ConfigError, match=r'"\|" is in no cell.*\n.*"label": "finding", where every cell has one label'
    ):
        open_keys(path, separator="|")


def test_other_data_may_lack_what_the_runs_own_has(tmp_path: Path) -> None:
    path = findings(tmp_path / "data", ("Edema", "Mass"))
    label = MultipleLabels(column="finding", separator="|", none="No Finding")
    options = TableData(path=str(path), input="image", label=label)
    source = open_source(
        options, ImageClassification(multi_label=True), tmp_path / "cache", lambda _: None, unsplit=True
    )
    assert source.info.sizes == {"test": 20}


@pytest.mark.parametrize(
    ("named", "there", "hint"),
    [
        ("p12_1.png", "p13_1.png", None),
        ("scan12.png", "scan1.png", None),
        ("1.2.840.12", "1.2.840.13", None),
        ("left 1.png", "right 1.png", None),
        ("1 2.png", "12.png", None),
        ("p12_1.png", "P12_1.PNG", "P12_1.PNG"),
        ("p12_1.png", "p12_1.jpeg", "p12_1.jpeg"),
        ("p12_1.png", "p012_001.png", "p012_001.png"),
        ("p12_1.png", "p 12_1.png", "p 12_1.png"),
    ],
)
def test_only_a_file_of_the_same_example_is_offered(tmp_path: Path, named: str, there: str, hint: str | None) -> None:
    root = tmp_path / "data"
    rows = [*pets(root), [f"images/{named}", "cat"]]
    images(root, [f"images/{there}"])
    with pytest.raises(DataError) as caught:
        open_table(pet_table(root, rows))
    line = next(line for line in str(caught.value).splitlines() if "is not there" in line)
    assert line.endswith(f"is not there; images/{hint} is" if hint else f"(looked for in {root / 'images'})")


def test_of_two_files_that_may_be_meant_none_is_offered(tmp_path: Path) -> None:
    root = tmp_path / "data"
    images(root, ["images/07.png", "images/007.png"])
    with pytest.raises(DataError, match=r"is not there \(looked for in"):
        open_table(pet_table(root, [*pets(root, 6), ["images/7.png", "cat"]]))


def test_a_numbered_folder_belongs_to_the_example(tmp_path: Path) -> None:
    root = tmp_path / "data"
    images(root, ["scans/p2/1.png"])
    path = write(root / "t.csv", format_delimited(("image", "label"), [["p1/1.png", "cat"], ["p1/2.png", "dog"]]))
    with pytest.raises(DataError, match="Write what leads from the folder of the table"):
        open_table(path)
    images(root, ["scans/p1/1.png"])
    with pytest.raises(DataError, match=r"scans/p1/1\.png is there; write what leads to it"):
        open_table(path)
