from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.inference.items import Item, Listing
from kerastune_ft.inference.output.submission import Submission, read_sample

SCHEME = LabelScheme("one", ("cat", "dog"))


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    path = tmp_path / "sample.csv"
    path.write_text("id,label\n02,cat\n01,cat\n")
    return path


def open_submission(sample: Path, keeps: bool = False) -> Submission:
    files = (Item(f"{name}.png", path=f"{name}.png") for name in ("01", "02"))
    # As lines of standard input, whose number is known when they are read.
    return Submission(read_sample(str(sample)), [Listing(files, None)], SCHEME, None, keeps)


def make_row(name: str, label: str | None, error: str | None = None) -> dict[str, str | None]:
    return {"input": name, "label": label, "error": error}


def test_rows_are_the_samples_in_its_order_with_the_answers(sample: Path) -> None:
    made = open_submission(sample)
    assert [item.name for item in made.listings[0].items] == ["01.png", "02.png"]
    (rows,) = made.fill([[make_row("01.png", "cat")], [make_row("02.png", "dog")]])
    assert made.columns == ("id", "label")
    assert rows == [{"id": "02", "label": "dog"}, {"id": "01", "label": "cat"}]
    assert made.notes == [
        "sample.csv: ids in id are the file name without its ending of the inputs; label gets the class"
    ]


def test_an_input_that_cannot_be_read_is_no_answer(sample: Path) -> None:
    rows = [make_row("01.png", None, "is empty"), make_row("02.png", "dog")]
    with pytest.raises(DataError, match=r"1 input of 2 cannot be read.*--allow-errors:\n  01.png  is empty"):
        list(open_submission(sample).fill([rows]))
    kept = open_submission(sample, keeps=True)
    assert list(kept.fill([rows])) == [[{"id": "02", "label": "dog"}, {"id": "01", "label": "cat"}]]
    assert kept.notes[-1] == "1 input cannot be read, and the sample's own answer stays:\n  01.png  is empty"


def test_a_sample_that_cannot_be_read_is_named_as_that(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^--submission: .*none.csv is not there"):
        read_sample(str(tmp_path / "none.csv"))
    with pytest.raises(ConfigError, match=r"^--submission: .*no table that is read"):
        (tmp_path / "s.txt").write_text("id\n1\n")
        read_sample(str(tmp_path / "s.txt"))
