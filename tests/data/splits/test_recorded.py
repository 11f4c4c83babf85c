"""Finding the examples of an earlier run in data that may have changed."""

from __future__ import annotations

import csv
import hashlib
import io
import random
from collections.abc import Sequence

import pytest

from kerastune_ft.data.splits.recorded import PresentExamples, RecordedExamples, content_key
from kerastune_ft.errors import DataError

KNOWN, NOW = "1" * 64, "2" * 64
# name, label, split, content
ROWS = [(f"row {n}", "ab"[n % 2], ("train", "train", "validation", "test")[n % 4], f"content {n}") for n in range(12)]


def splits_file(rows: Sequence[tuple[str, str, str, str]] = ROWS, with_contents: bool = True) -> bytes:
    """What a run writes into splits.csv."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["input", "label", "split", *(["content"] if with_contents else [])])
    for name, label, split, content in rows:
        key = hashlib.sha256(f"{KNOWN}{content}".encode()).hexdigest()[:16]
        writer.writerow([name, label, split, *([key] if with_contents else [])])
    return text.getvalue().encode()


def recorded(**options: bool) -> RecordedExamples:
    return RecordedExamples.parse("runs/a-1", KNOWN, splits_file(**options)).in_changed_data()


def present(rows: Sequence[tuple[str, str, str]], fingerprint: str = NOW) -> PresentExamples:
    keys, labels, contents = zip(*rows, strict=True)
    return PresentExamples(keys, labels, contents, fingerprint)


def contents_by_split(found: RecordedExamples, data: PresentExamples) -> dict[str, set[str]]:
    splits = found.find(data).splits
    return {split: {data.contents[index] for index in indices} for split, indices in splits.items()}


TRUE = {split: {row[3] for row in ROWS if row[2] == split} for split in ("train", "validation", "test")}


def test_a_row_has_sixteen_digits_of_its_content_and_of_the_data_around_it() -> None:
    assert content_key(KNOWN, "content 3") == hashlib.sha256(f"{KNOWN}content 3".encode()).hexdigest()[:16]
    assert content_key(NOW, "content 3") != content_key(KNOWN, "content 3")


@pytest.mark.parametrize("seed", range(3))
def test_rows_in_another_order_keep_their_splits_though_their_names_are_others(seed: int) -> None:
    mixed = list(ROWS)
    random.Random(seed).shuffle(mixed)
    data = present([(f"row {place}", label, content) for place, (_, label, _, content) in enumerate(mixed)])
    assert contents_by_split(recorded(), data) == TRUE
    change = recorded().find(data).change
    assert change is not None
    assert not change.gone and not change.added and not change.relabelled


def test_what_is_gone_new_or_labelled_otherwise_is_named() -> None:
    kept = [(name, label, content) for name, label, split, content in ROWS if split != "validation"]
    kept[0] = (kept[0][0], "b", kept[0][2])
    data = present([*kept, ("row 99", "a", "other content")])
    change = recorded().find(data).change
    assert change is not None
    assert change.gone == {"validation": [row[0] for row in ROWS if row[2] == "validation"]}
    assert change.added == ["row 99"]
    assert change.relabelled == {"train": ['row 0: "a", now "b"']}
    assert contents_by_split(recorded(), data) == {split: TRUE[split] for split in ("train", "test")}


def test_other_content_under_the_same_names_is_none_of_the_examples() -> None:
    data = present([(name, label, f"other {content}") for name, label, _, content in ROWS])
    found = recorded().find(data)
    assert found.splits == {}
    assert found.change is not None
    assert found.change.added == [row[0] for row in ROWS]


def test_equal_contents_are_told_apart_by_name_and_label() -> None:
    rows = [("x", "a", "train", "same"), ("y", "a", "test", "same"), ("z", "b", "validation", "same")]
    found = RecordedExamples.parse("r", KNOWN, splits_file(rows)).in_changed_data()
    data = present([("z", "b", "same"), ("new", "a", "same"), ("y", "a", "same"), ("more", "a", "same")])
    splits = found.find(data).splits
    assert {split: indices.tolist() for split, indices in splits.items()} == {
        "validation": [0],
        "train": [1],
        "test": [2],
    }


def test_the_same_data_is_known_by_names_where_contents_were_not_recorded() -> None:
    data = present([(name, label, content) for name, label, _, content in reversed(ROWS)], KNOWN)
    assert contents_by_split(recorded(with_contents=False), data) == TRUE
    assert recorded(with_contents=False).find(data).change is None


def test_other_data_is_refused_where_contents_were_not_recorded() -> None:
    data = present([(name, label, content) for name, label, _, content in ROWS])
    with pytest.raises(DataError, match=r"changed since runs/a-1 was trained \(fingerprint 1{12}, now 2{12}\)"):
        recorded(with_contents=False).find(data)


def test_a_run_that_goes_on_refuses_data_that_changed() -> None:
    found = RecordedExamples.parse("runs/a-1", KNOWN, splits_file())
    with pytest.raises(DataError, match=r"changed since runs/a-1 began.*--fresh"):
        found.find(present([(name, label, content) for name, label, _, content in ROWS]))


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"input,label\nx,a\n", b"input,label,split\nx,a,elsewhere\n", b"input,label,split\nx"]
)
def test_a_damaged_file_is_refused(content: bytes) -> None:
    with pytest.raises(DataError, match=r"runs/a-1/splits.csv.*is damaged.*restore"):
        RecordedExamples.parse("runs/a-1", KNOWN, content)
