"""`init` on tables: what names the files, what is the label, whose an example is, and how it is divided."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from kerastune_ft import init
from kerastune_ft.cli.commands import main
from kerastune_ft.config.read import read
from kerastune_ft.errors import ConfigError, DataError
from tests.support.init_data import prose, write_image, write_table

Rows = list[dict[str, Any]]


def start(rows: Rows, file: str = "{image}", label: tuple[str, ...] = (), name: str = "d/cases.csv") -> Any:
    """Write images and the table of them, and return the configuration written for it."""
    for row in rows:
        write_image(Path("d") / file.format(**row))
    write_table(Path(name), rows)
    init(name, label=label)
    read("cases.json")
    return json.loads(Path("cases.json").read_text())


def test_a_table_like_the_chest_x_rays() -> None:
    findings = ["No Finding", "Effusion|Mass", "Mass", "Effusion"]
    rows = [
        {"Image Index": f"{n // 3:08d}_{n % 3:03d}.png", "Finding Labels": findings[n % 4], "Patient ID": n // 3,
         "Patient Age": 30 + n, "View Position": "PA" if n % 2 else "AP"}
        for n in range(24)
    ]  # fmt: skip
    document = start(rows, "images/{Image Index}")
    data = document["data"]
    assert document["task"]["multi_label"] is True
    assert data["input"] == "images/{Image Index}"
    assert data["label"] == {"column": "Finding Labels", "separator": "|", "none": "No Finding"}
    assert data["group"] == "Patient ID"
    assert document["defaults"]["monitor"] == "validation_mean_average_precision"


def test_a_table_like_aptos_in_a_folder_with_other_tables() -> None:
    rows = [{"id_code": f"{n:012x}", "diagnosis": n % 5} for n in range(25)]
    for row in rows:
        write_image(Path(f"d/train_images/{row['id_code']}.png"))
    write_image(Path("d/test_images/x.png"))
    write_table(Path("d/train.csv"), rows)
    write_table(Path("d/test.csv"), [{"id_code": "x"}])
    asked = init("d").asks
    document = json.loads(Path("d.json").read_text())
    assert (document["data"]["path"], document["data"]["input"]) == ("d/train.csv", "train_images/{id_code}.png")
    assert document["task"]["kind"] == "image_classification"
    assert "image_regression" in asked[0]


def test_ids_keep_their_zeros_and_two_classes_their_positive() -> None:
    rows = [
        {"image_id": f"{n:04d}", "finding": ("normal", "pneumonia")[n % 2], "patient_id": n // 2} for n in range(12)
    ]
    document = start(rows, "images/{image_id}.png")
    assert document["data"]["input"] == "images/{image_id}.png"
    assert (document["task"]["positive"], document["data"]["group"]) == ("pneumonia", "patient_id")


def test_a_folder_of_the_path_may_be_a_column_and_numbers_are_a_regression() -> None:
    # "male" fits 0.png and 1.png in every row: it names two files and not thirty.
    rows = [
        {"file": f"{n}.png", "split": "train" if n < 20 else "val", "boneage": 10 + 3 * n, "male": n % 2}
        for n in range(30)
    ]
    document = start(rows, "{split}/{file}")
    assert document["data"]["input"] == "{split}/{file}"
    assert document["data"]["splits"] == {"column": "split"}
    assert (document["task"]["kind"], document["data"]["label"]) == ("image_regression", "boneage")
    assert "defaults" in document and "class_weights" not in document["defaults"]


def test_columns_of_0_and_1_are_labels_of_their_own() -> None:
    rows = [{"path": f"{n}.png", "a": n % 2, "b": n // 2 % 2, "c": n // 4 % 2} for n in range(16)]
    document = start(rows, "{path}")
    assert document["data"]["label"] == ["a", "b", "c"]
    assert document["task"]["multi_label"] is True


def test_of_a_code_and_its_name_the_name_is_the_label() -> None:
    rows = [{"path": f"{n}.png", "label": n % 3, "class_name": "xyz"[n % 3]} for n in range(12)]
    rows = [{**row, "label_name": "xyz"[row["label"]]} for row in rows]
    assert start(rows, "{path}")["data"]["label"] in ("class_name", "label_name")


def test_a_comma_inside_a_name_separates_nothing() -> None:
    names = ["carcinoma, invasive", "carcinoma, in situ", "adenoma, tubular", "normal"]
    rows = [{"path": f"{n}.png", "diagnosis": names[n % 4]} for n in range(16)]
    assert start(rows, "{path}")["data"]["label"] == "diagnosis"


def test_what_could_be_the_label_is_asked_for_and_label_answers() -> None:
    rows = [{"path": f"{n}.png", "colour": "rg"[n % 2], "form": "xyz"[n % 3]} for n in range(12)]
    with pytest.raises(DataError, match=r'colour and form could each be the label(.|\n)*--label "colour"') as caught:
        start(rows, "{path}")
    assert "form: 3 values, such as x, y, z" in str(caught.value)
    assert not Path("cases.json").exists()
    assert start(rows, "{path}", label=("form",))["data"]["label"] == "form"


def test_no_label_column_is_exit_3_with_the_columns() -> None:
    for number in range(6):
        write_image(Path(f"d/{number}.png"))
    write_table(Path("d/t.csv"), [{"path": f"{n}.png", "note": f"seen by {n}"} for n in range(6)])
    result = CliRunner().invoke(main, ["init", "d/t.csv", "--json"])
    assert result.exit_code == 3
    assert "note: 6 values" in json.loads(result.stdout)["message"]


def test_an_unknown_label_names_the_nearest_column() -> None:
    rows = [{"path": f"{n}.png", "finding": "ab"[n % 2]} for n in range(6)]
    with pytest.raises(ConfigError, match=r"--label: .* has no column 'findng'; did you mean \"finding\""):
        start(rows, "{path}", label=("findng",))


def test_files_that_are_elsewhere_are_exit_3_with_texts_and_files() -> None:
    write_image(Path("d/images/other.png"))
    write_table(Path("d/t.csv"), [{"path": f"{n}.png", "label": "ab"[n % 2]} for n in range(6)])
    with pytest.raises(DataError, match=r"no column names the images(.|\n)*images/other.png(.|\n)*path: 0.png"):
        init("d/t.csv")


def test_rows_that_are_boxes_are_not_taken_for_examples() -> None:
    rows = [{"filename": f"{n % 4}.png", "label": "ab"[n % 2], "xmin": n} for n in range(24)]
    with pytest.raises(DataError, match="24 rows for 4 images"):
        start(rows, "{filename}")


def test_gaps_are_told() -> None:
    rows = [{"path": f"{n}.png", "label": "ab"[n % 2] if n else ""} for n in range(12)]
    start(rows, "{path}")
    Path("d/3.png").unlink()
    Path("cases.json").unlink()
    asks = init("d/cases.csv").asks
    assert any("1 row name no existing image" in question and '"on_missing": "skip"' in question for question in asks)
    assert any("1 row of the table have no label" in question for question in asks)


def test_jsonl_and_tsv_are_read_too() -> None:
    for number in range(6):
        write_image(Path(f"d/{number}.png"))
    rows = [{"path": f"{n}.png", "label": "ab"[n % 2]} for n in range(6)]
    Path("d/l.jsonl").write_text("\n".join(map(json.dumps, rows)))
    Path("d/t.tsv").write_text("path\tlabel\n" + "\n".join(f"{n}.png\t{'ab'[n % 2]}" for n in range(6)))
    for name in ("l.jsonl", "t.tsv"):
        assert dict(init(f"d/{name}").counts) == {"a": 3, "b": 3}


def test_a_column_that_could_be_the_label_as_well_is_asked_about() -> None:
    rows = [
        {"path": f"{n}.png", "tags": "low|even" if n % 2 else "low", "digit": n % 3, "grade": (n % 3) + 1, "age": n}
        for n in range(18)
    ]
    assert start(rows, "{path}")["data"]["label"]["column"] == "tags"
    Path("cases.json").unlink()
    (asked,) = [each for each in init("d/cases.csv").asks if "is the label" in each or "the label?" in each]
    assert asked == (
        'is "tags" the label? "digit" and "grade" could also be the label; if so, run init again with --label "digit"'
    )
    Path("cases.json").unlink()
    assert not any("the label?" in each for each in init("d/cases.csv", label=["digit"]).asks)


def test_a_label_spelt_in_two_ways_is_asked_about() -> None:
    rows = [{"path": f"{n}.png", "label": ("cat", "dog")[n % 2] if n else "Cat"} for n in range(20)]
    asked = start(rows, "{path}")["//"]
    assert (
        'PLEASE DECIDE: is "Cat" (1) and "cat" (9) the same label, spelt in two ways? If so, correct the data and '
        'run init again, or write "classes": {"cat": "cat", "dog": "dog", "Cat": "cat"} in task, which lists every '
        "label."
    ) in asked


def test_a_first_row_that_names_an_image_is_no_header() -> None:
    rows = [[f"{n}.png", ("cat", "dog")[n % 2]] for n in range(12)]
    for name, _ in rows:
        write_image(Path("d") / name)
    Path("d/t.csv").write_text("".join(",".join(row) + "\n" for row in rows))
    with pytest.raises(DataError, match=r'row 1 of .* seems to hold an example(.|\n)*"0.png" is a file that is there'):
        init("d/t.csv")
    Path("d/t.csv").write_text("".join(f"{prose(n)},{label}\n" for n, (_, label) in enumerate(rows)))
    with pytest.raises(DataError, match='"cat" comes again below it'):
        init("d/t.csv")


def _write_semicolons(cells: Sequence[str]) -> None:
    for number in range(len(cells)):
        write_image(Path(f"d/{number}.png"))
    lines = [f"{number}.png;{cell}" for number, cell in enumerate(cells)]
    Path("d/t.csv").write_text("\n".join(["datei;note", *lines]) + "\n")


def test_decimal_commas_are_seen_and_asked_about() -> None:
    _write_semicolons([("1,0", "1,3", "1,7", "2,0")[n % 4] for n in range(24)])
    (asked,) = init("d/t.csv", "grades.json").asks
    assert 'are the 4 values of "note" classes?' in asked
    assert "write a point for each comma in the table" in asked and '"kind": "image_regression"' in asked
    _write_semicolons([f"{n},5" for n in range(24)])
    (asked,) = init("d/t.csv", "sizes.json").asks
    assert 'the cells of "note", such as 0,5, look like numbers with decimal commas' in asked
    document = json.loads(Path("sizes.json").read_text())
    assert (document["task"]["kind"], document["data"]["label"]) == ("image_regression", "note")
    _write_semicolons([("3,7", "1,3,7", "7", "1,3")[n % 4] for n in range(24)])
    assert init("d/t.csv", "sets.json").asks == ()
    assert json.loads(Path("sets.json").read_text())["data"]["label"] == {"column": "note", "separator": ","}


def test_lists_in_cells_are_several_labels() -> None:
    rows = [{"path": f"{n}.png", "tags": str([["a", "b"], ["b"], []][n % 3])} for n in range(12)]
    document = start(rows, "{path}")
    assert document["data"]["label"] == {"column": "tags"}
    assert document["task"]["multi_label"] is True


def test_columns_with_one_1_in_every_row_are_asked_about() -> None:
    rows = [{"path": f"{n}.png", **{name: int(n % 3 == at) for at, name in enumerate("abc")}} for n in range(12)]
    document = start(rows, "{path}")
    assert document["data"]["label"] == ["a", "b", "c"]
    assert "multi_label" not in document["task"]
    (asked,) = init("d/cases.csv", "again.json").asks
    assert "do the classes a, b, c exclude each other?" in asked and '"multi_label": true' in asked


def test_a_table_whose_files_are_not_all_there_is_found() -> None:
    rows = [{"id": f"{n:04d}", "label": "abc"[n % 3]} for n in range(40)]
    for row in rows[:15]:
        write_image(Path(f"d/im/{row['id']}.png"))
    write_table(Path("d/t.csv"), rows)
    (asked,) = init("d/t.csv").asks
    assert json.loads(Path("t.json").read_text())["data"]["input"] == "im/{id}.png"
    assert '25 rows name no existing image; to skip them, write "on_missing": "skip"' in asked


def test_a_grade_is_no_name_of_the_few_files_that_are_there() -> None:
    for number in range(1, 6):
        write_image(Path(f"d/{number}.png"))
    write_table(Path("d/t.csv"), [{"text": prose(n), "grade": 1 + n % 5} for n in range(200)])
    assert init("d/t.csv").task == "text_classification"


def test_backslashes_in_paths_are_named() -> None:
    rows = [{"file": f"im\\{n}.png", "label": "ab"[n % 2]} for n in range(12)]
    for row in rows:
        write_image(Path("d") / row["file"].replace("\\", "/"))
    write_table(Path("d/t.csv"), rows)
    with pytest.raises(DataError, match=r'"file" names the images with backslashes, as im\\0.png(.|\n)*im/0.png'):
        init("d/t.csv")


def test_two_columns_with_one_1_are_two_classes_and_asked_about() -> None:
    rows = [{"text": prose(number), "pos": number % 2, "neg": 1 - number % 2} for number in range(24)]
    write_table(Path("d/cases.csv"), rows)
    found = init("d/cases.csv")
    assert json.loads(Path("cases.json").read_text())["data"]["label"] == ["pos", "neg"]
    assert found.counts == {"pos": 12, "neg": 12}
    assert any("do the classes pos, neg exclude each other?" in question for question in found.asks)


@pytest.mark.parametrize("form", ["${}", "{},50 EUR", "12.{} %", "US$ {}"])
def test_amounts_with_a_sign_are_asked_about(form: str) -> None:
    rows = [{"text": prose(number), "price": form.format(1000 + number % 20)} for number in range(60)]
    write_table(Path("d/cases.csv"), rows)
    assert any(
        'values of "price"' in question and "amounts?" in question
        for question in init("d/cases.csv", label=["price"]).asks
    )
