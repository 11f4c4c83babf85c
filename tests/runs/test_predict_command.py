"""The command `predict`: every form of input and output, exit codes, hostile inputs, nothing but rows on its output."""

from __future__ import annotations

import json
import os
import re
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from kerastune_ft.cli.commands import main
from tests.support.processes import HANG
from tests.support.trained_runs import COUNT, csv_rows, encode_image, json_lines, pixels, write

COLUMNS = ["input", "label", "probability", "probability_noise", "probability_square", "error"]


def give(*words: object, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(main, ["predict", *map(str, words)], input=stdin)


def rows_of(result: Result) -> list[dict[str, str]]:
    assert "Traceback" not in result.output
    return csv_rows(result.stdout)


@pytest.fixture
def here(classes_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_folder_gives_rows_on_standard_output_and_the_rest_on_the_other(classes_run: Path, workplace: Path) -> None:
    result = give(classes_run, workplace / "images")
    rows = rows_of(result)
    assert (result.exit_code, len(rows), list(rows[0])) == (0, COUNT, COLUMNS)
    assert result.stdout.count("\n") == COUNT + 1, "rows and nothing else"
    assert f"predictions for {COUNT} of {COUNT} inputs" in result.stderr
    assert rows == sorted(rows, key=lambda row: row["input"])
    for row in rows:
        assert float(row["probability_noise"]) + float(row["probability_square"]) == pytest.approx(1, abs=1e-6)
        assert row["probability"] == row[f"probability_{row['label']}"]


def test_the_forms_of_output_hold_the_same(classes_run: Path, here: Path) -> None:
    write(here / "ä, b\n.png", encode_image(pixels(1)))
    words = (classes_run, "ä, b\n.png", "missing.png")
    wanted = rows_of(give(*words))
    assert [row["input"] for row in wanted] == ["ä, b\n.png", "missing.png"]
    lines = json_lines(give(*words, "--format", "jsonl").stdout)
    array = json.loads(give(*words, "--json").stdout)
    assert lines == array
    assert give(*words, "--output", "p.jsonl").stdout == ""
    assert json_lines((here / "p.jsonl").read_text()) == lines
    assert give(*words, "--output", "p.csv").stdout == ""
    assert csv_rows((here / "p.csv").read_text()) == wanted
    told = json.loads(give(*words, "--output", "p.tsv", "--json").stdout)
    assert told == {"output": "p.tsv", "inputs": 2, "errors": 1}
    assert (here / "p.tsv").read_text().startswith("\t".join(COLUMNS) + "\n")
    for line, row in zip(lines, wanted, strict=True):
        assert list(line) == COLUMNS
        assert {key: "" if value is None else str(value) for key, value in line.items()} == row
    assert [line["error"] for line in lines] == [None, "is not there"]


def hostile(here: Path) -> dict[str, str]:
    """Write files that are no images anyone could use, and return what must be said of each."""
    good = encode_image(pixels(1))
    jpeg = encode_image(pixels(1, 200, 200), "JPEG")
    deep = Image.fromarray(np.arange(1600, dtype=np.uint16).reshape(40, 40) * 40)
    cases = {
        "empty.png": (b"", "is empty"),
        "cut.png": (good[: len(good) // 2], "is damaged"),
        "cut.jpg": (jpeg[: len(jpeg) // 2], "is damaged"),
        "text.jpg": (b"no image at all", "is no image that can be read"),
        "page.jpg": (b"<!DOCTYPE html><html>404</html>", "is a web page"),
        "scan.dcm": (bytes(128) + b"DICM" + bytes(64), "is DICOM without a picture"),
        "deep.png": (encode_image(deep), "has more than 8 bits per channel, with values from 0 to 63960"),
        "bomb.png": (bomb(), "is too large to be decoded safely"),
    }
    for name, (content, _) in cases.items():
        write(here / name, content)
    (here / "nothing").mkdir()
    os.mkfifo(here / "pipe.png")
    (here / "loop.png").symlink_to("loop.png")
    return {name: reason for name, (_, reason) in cases.items()} | {
        "missing.png": "is not there",
        "nothing": "has no image .* in it",
        "pipe.png": "is a pipe",
        "loop.png": "cannot be read",
        "": "its name is empty",
        "x" * 300 + ".png": "cannot be read: file name too long",
        "missing.csv": "is not there",
        "missing.npz": "is not there",
    }


def bomb() -> bytes:
    """A PNG of 40000 x 40000 pixels that is a few bytes long."""
    header = struct.pack(">IIBBBBB", 40000, 40000, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def test_bad_inputs_are_rows_with_a_reason_and_the_rest_go_on(classes_run: Path, here: Path) -> None:
    reasons = hostile(here)
    write(here / "good.png", encode_image(pixels(1)))
    result = give(classes_run, *reasons, "good.png", "--format", "jsonl")
    rows = json_lines(result.stdout)
    assert result.exit_code == 0
    assert f"{len(reasons)} of {len(reasons) + 1} inputs could not be read; see the column error" in result.stderr
    assert [row["input"] for row in rows] == [*reasons, "good.png"]
    for row, reason in zip(rows, reasons.values(), strict=False):
        assert re.match(reason, row["error"]), (row["input"], row["error"])
        assert row["label"] is None
    assert (rows[-1]["error"], rows[-1]["label"] is None) == (None, False)


def test_images_that_are_merely_odd_are_taken(classes_run: Path, here: Path) -> None:
    image = Image.fromarray(pixels(1))
    odd = {
        "cmyk.jpg": encode_image(image.convert("CMYK"), "JPEG"),
        "palette.bmp": encode_image(image.convert("P"), "BMP"),
        "palette.png": encode_image(image.convert("P")),
        "one.png": encode_image(pixels(1, 1, 1)),
        "wide.png": encode_image(pixels(1, 10, 20000)),
        "film.gif": encode_image(image, "GIF", save_all=True, append_images=[Image.fromarray(pixels(2))]),
        "tagged.tiff": encode_image(image, "TIFF"),
        "web.webp": encode_image(image, "WEBP", lossless=True),
        "wrong.jpg": encode_image(image),
        "name-\U0001f600-\u00e4.png": encode_image(image),
    }
    for name, content in odd.items():
        write(here / "odd" / name, content)
    rows = {Path(row["input"]).name: row for row in rows_of(give(classes_run, "odd"))}
    assert {name: row["error"] for name, row in rows.items()} == dict.fromkeys(odd, "")
    same = {rows[name]["probability_square"] for name in ("tagged.tiff", "web.webp", "wrong.jpg")}
    assert len(same) == 1, "the same pixels in three formats"


def test_more_bad_inputs_than_good_ones_keep_their_order(classes_run: Path, here: Path) -> None:
    write(here / "good.png", encode_image(pixels(1)))
    names = [f"{number}.png" if number % 25 else "good.png" for number in range(100)]
    rows = rows_of(give(classes_run, "-", "--batch-size", "3", stdin="\n".join(names)))
    assert [row["input"] for row in rows] == names
    assert [bool(row["error"]) for row in rows] == [name != "good.png" for name in names]


def test_where_nothing_could_be_read_the_exit_code_is_3(classes_run: Path, here: Path) -> None:
    result = give(classes_run, "missing.png", "--output", "p.csv")
    assert result.exit_code == 3
    assert "1 of 1 inputs could not be read; see the column error in p.csv" in result.stderr
    assert len(csv_rows((here / "p.csv").read_text())) == 1
    result = give(classes_run, "missing.png", "--json")
    assert (result.exit_code, len(json.loads(result.stdout))) == (3, 1)
    result = give(classes_run, "-", "--json", stdin="\n\n")
    assert (result.exit_code, json.loads(result.stdout)) == (3, [])


def test_standard_input_takes_paths_and_json(classes_run: Path, here: Path) -> None:
    write(here / "1.png", encode_image(pixels(1)))
    lines = [
        "\ufeff1.png",
        "",
        "   ",
        '{"file": "1.png", "id": 7}',
        '{"id": "1"}',
        '{"file": ',
        '{"file": null}',
        "./1.png\r",
    ]
    rows = rows_of(give(classes_run, "-", "--input", "file", stdin="\n".join(lines)))
    assert [row["input"] for row in rows] == ["1.png", "1.png", "line 5", "line 6", "line 7", "./1.png"]
    assert [bool(row["label"]) for row in rows] == [True, True, False, False, False, True]
    assert 'has no key for --input "file"; its keys are id' in rows[2]["error"]
    assert "is not a JSON object" in rows[3]["error"]
    assert rows[4]["error"] == "names no file: its file is empty"
    rows = rows_of(give(classes_run, "-", "--input", "{id}.png", stdin='{"id": 1}'))
    assert [row["input"] for row in rows] == ["1.png"]
    (row,) = rows_of(give(classes_run, "-", stdin='{"file": "1.png"}'))
    assert row["error"] == "is a JSON object; name its key with --input, one of file"


def test_names_that_are_no_utf8_are_taken(classes_run: Path, here: Path) -> None:
    path = os.fsencode(here) + b"/in/\xff.png"
    os.makedirs(os.path.dirname(path))
    with open(path, "wb") as file:
        file.write(encode_image(pixels(1)))
    for rows in (rows_of(give(classes_run, "-", stdin=b"in/\xff.png\n")), rows_of(give(classes_run, "in"))):
        assert [(row["input"], row["error"]) for row in rows] == [("in/\\udcff.png", "")]


def test_tables_keep_their_rows(several_run: Path, classes_run: Path, workplace: Path, here: Path) -> None:
    result = give(several_run, workplace / "cases.csv", "--format", "jsonl")
    rows = json_lines(result.stdout)
    assert [row["input"] for row in rows[:2]] == ["images/noise/00.png", "images/square/01.png"]
    assert len(rows) == COUNT
    for name in ("one.tsv", "one.jsonl"):
        write(here / "1.png", encode_image(pixels(1)))
        text = "file\n1.png\n2.png\n1.png\n\t\n" if name.endswith("tsv") else '{"file": "1.png"}\n{"file": "2.png"}\n'
        write(here / name, text.encode())
        rows = rows_of(give(classes_run, name, "--input", "file"))
        assert [row["input"] for row in rows][:2] == ["1.png", "2.png"]
        assert rows[1]["error"] == "is not there"
    write(here / "deep" / "one.csv", b"file,other\n1.png,x\n,x\n../1.png,x\n")
    rows = rows_of(give(classes_run, "deep/one.csv", "--input", "file"))
    assert [row["input"] for row in rows] == ["1.png", "row 3", "../1.png"]
    assert rows[0]["error"] == "is not there (looked for deep/1.png)", "paths are relative to the table"
    assert rows[1]["error"] == "names no file: its file is empty"
    assert rows[2]["error"] == ""
    result = give(classes_run, "one.tsv")
    assert result.exit_code == 2
    assert "nothing says which of its columns names the images" in result.stderr
    assert "Its columns are file" in result.stderr
    result = give(classes_run, "one.tsv", "--input", "fil")
    assert (result.exit_code, result.stderr.startswith("--input: ")) == (2, True)
    assert 'did you mean "file"?' in result.stderr
    result = give(several_run, "one.tsv")
    assert result.exit_code == 2
    assert "Name the column of this table with --input" in result.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "Missing argument 'INPUT...'"),
        (("-", "-"), "- is given twice"),
        (("a.png", "--output", "p.txt"), "does not end in .csv, .tsv, .jsonl"),
        (("a.png", "--output", "no/p.csv"), "is not there; make it"),
        (("a.png", "--output", "folder.csv"), "is a folder"),
        (("a.png", "--output", "p.csv", "--format", "csv"), "--format is for standard output"),
        (("a.png", "--json", "--format", "csv"), "--format has no effect with --json"),
        (("a.png", "--batch-size", "0"), "--batch-size"),
    ],
)
def test_words_that_do_not_go_together_are_exit_code_2(
    classes_run: Path, here: Path, words: tuple[str, ...], message: str
) -> None:
    (here / "folder.csv").mkdir()
    result = give(classes_run, *words)
    assert result.exit_code == 2
    assert message in result.stderr
    assert [entry.name for entry in here.iterdir()] == ["folder.csv"]


def test_data_and_runs_are_not_written_over(classes_run: Path, here: Path) -> None:
    table = write(here / "a.csv", b"file\na.png\n")
    result = give(classes_run, table, "--input", "file", "--output", "a.csv")
    assert (result.exit_code, "a.csv is an input too" in result.stderr) == (2, True)
    splits = classes_run / "splits.csv"
    before = splits.read_bytes()
    result = give(classes_run, "a.png", "--output", splits)
    assert (result.exit_code, "is in the run directory" in result.stderr) == (2, True)
    assert (table.read_bytes(), splits.read_bytes()) == (b"file\na.png\n", before)


def test_addresses_of_the_web_are_rows_with_the_remedy(classes_run: Path, here: Path) -> None:
    write(here / "a.csv", b"file\nhttps://x.example/z.png\n")
    result = give(classes_run, "https://x.example/z.png", "a.csv", "--input", "file")
    rows = rows_of(result)
    assert (result.exit_code, [row["input"] for row in rows]) == (3, ["https://x.example/z.png"] * 2)
    assert all("is an address of the web" in row["error"] and "download it first" in row["error"] for row in rows)


def test_runs_without_a_model_are_exit_code_2(classes_run: Path, here: Path) -> None:
    result = give(here, "a.png")
    assert (result.exit_code, "is no run directory" in result.stderr) == (2, True)
    write(here / "begun" / "config.json", (classes_run / "config.json").read_bytes())
    result = give("begun", "a.png")
    assert (result.exit_code, "give its run command again to finish it" in result.stderr) == (2, True)
    for name in ("plan.json", "config.json"):
        write(here / "cut" / name, (classes_run / name).read_bytes())
    write(here / "cut" / "model" / "model.keras", (classes_run / "model" / "model.keras").read_bytes()[:1000])
    result = give("cut", "a.png")
    assert (result.exit_code, "cut/model/model.keras cannot be opened" in result.stderr) == (3, True)


def test_an_interrupted_command_leaves_the_old_file_and_nothing_else(
    classes_run: Path, workplace: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kerastune_ft.inference.output.rows import _Delimited

    write(here / "p.csv", b"input,error\nold,\n")
    written: list[int] = []
    whole = _Delimited.write

    def break_off(self: _Delimited, rows: list) -> None:
        whole(self, rows)
        written.append(len(rows))
        if len(written) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(_Delimited, "write", break_off)
    result = give(classes_run, workplace / "images", "--output", "p.csv", "--batch-size", "4")
    assert (result.exit_code, written) == (75, [4, 4])
    assert [entry.name for entry in here.iterdir()] == ["p.csv"]
    assert (here / "p.csv").read_bytes() == b"input,error\nold,\n"


def test_it_is_a_filter_between_other_programs(classes_run: Path, here: Path) -> None:
    """In a process of its own: rows alone on standard output, as they come, and no complaint when the reader leaves."""
    names = [write(here / f"{number}.png", encode_image(pixels(number))).name for number in range(4)]
    words = [sys.executable, "-m", "kerastune_ft", "predict", str(classes_run), "-", "--batch-size", "1"]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdin is not None and process.stdout is not None and process.stderr is not None
    try:
        assert process.stdout.readline().strip().split(",") == COLUMNS
        for name in names[:3]:
            process.stdin.write(f"{name}\n")
            process.stdin.flush()
            assert process.stdout.readline().startswith(f"{name},"), "a row before the next path is given"
        process.stdout.close()
        process.stdin.write(f"{names[3]}\n")
        process.stdin.close()
        assert process.wait(timeout=HANG) == 0
        assert "Traceback" not in process.stderr.read()
    finally:
        process.kill()
        process.stderr.close()


def test_dicom_files_of_a_folder_are_rows_that_say_so(classes_run: Path, here: Path) -> None:
    for name in ("a/1.dcm", "a/2.DICOM"):
        write(here / "scans" / name, bytes(128) + b"DICM")
    write(here / "scans" / "b" / "3.png", encode_image(pixels(1)))
    rows = csv_rows(give(classes_run, "scans").stdout)
    assert [row["input"] for row in rows] == ["scans/a/1.dcm", "scans/a/2.DICOM", "scans/b/3.png"]
    reason = "is DICOM without a picture, as a report or a plan"
    assert [row["error"] for row in rows] == [reason, reason, ""]
