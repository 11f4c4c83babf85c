"""Tables as no program writes them: each is read, or refused with its name, by `init`, a run's data and `predict`."""

from __future__ import annotations

import gzip
import io
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pyarrow
import pyarrow.parquet
import pytest
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from PIL import Image

from kerastune_ft.config.options.data import MultipleLabels, TableData
from kerastune_ft.config.options.tasks import ImageClassification, TextClassification, TextRegression
from kerastune_ft.data.files.find import TEXTS
from kerastune_ft.data.open import open_source
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.inference.read_options import ReadOptions
from kerastune_ft.inference.text_inputs import list_texts
from kerastune_ft.scaffolding.detect import detect

TABLES = 2_000
WORDS = [
    "good",
    "bad",
    "fine film",
    "x",
    "",
    " ",
    "0",
    "1",
    "0,5",
    "1.5",
    "nan",
    "N/A",
    "None",
    "é",
    "ß",
    "\u200b",
    "\ufeff",
]
WORDS += [
    '"',
    '""',
    '"open',
    'clo"se',
    "a\tb",
    "a;b",
    "a,b",
    "a|b",
    "['a', 'b']",
    "[",
    "]",
    "[]",
    "{x}",
    "{",
    "}}",
    "im/0.png",
]
WORDS += [
    "im\\0.png",
    "../x.png",
    "/etc/passwd",
    "~",
    "~root",
    "http://a/b",
    "#",
    "# comment",
    "sep=;",
    "=1+1",
    "train",
    "test",
]
WORDS += [
    "long " * 40,
    "w" * 3000,
    "\x01",
    "\x7f",
    "two\nlines",
    "two\r\nlines",
    "\u2028",
    "\U0001f600",
    "-1",
    "1e308",
    "1e999",
]
NAMES = [
    "text",
    "label",
    "file",
    "id",
    "",
    "text ",
    "Label",
    "label.1",
    "{id}",
    "x,y",
    "0",
    "split",
    "patient",
    "a" * 500,
    "\u200b",
]
SUFFIXES = [".csv", ".tsv", ".csv", ".csv.gz", ".jsonl", ".tab", ".ndjson", ".parquet", ".xlsx", ".tsv.gz"]


def draw_rows(draw: random.Random) -> list[list[str]]:
    """Return rows of cells, the first of which is mostly a header."""
    width = draw.choice([1, 2, 2, 2, 3, 4, 9])
    usual = ["text", "label", *NAMES[2:]][:width]
    header = draw.choice([usual, usual, draw.choices(NAMES, k=width), draw.choices(WORDS, k=width)])
    share = draw.choice([0, 0, 0.05, 0.3, 0.8])
    rows = [header]
    for number in range(draw.choice([0, 1, 12, 40, 40, 40])):
        numbers = map(str, range(number, number + 6))
        plain = [f"text {number} of these", "ab"[number % 2], f"im/{number % 4}.png", *numbers]
        row = [draw.choice(WORDS) if draw.random() < share else plain[at % len(plain)] for at in range(width)]
        if draw.random() < 0.01:
            row = draw.choice([row[:-1], [*row, "more"], [], header, row * 2])
        rows.append(row)
    return rows


def encode_typed(draw: random.Random, rows: list[list[str]], suffix: str) -> bytes:
    """Return rows as a Parquet or Excel file, some cells of other types."""
    other = [None, 7, 1.5, True, *([] if suffix == ".xlsx" else [["a", "b"], {"bytes": b"x", "path": "y"}, b"\xff"])]
    typed: Any = draw.choice(other)
    columns = {name: [row[at] if at < len(row) else None for row in rows[1:]] for at, name in enumerate(rows[0])}
    file = io.BytesIO()
    if suffix == ".xlsx":
        book = openpyxl.Workbook()
        for row in rows:
            # The format has no control characters.
            book.active.append([typed if draw.random() < 0.05 else ILLEGAL_CHARACTERS_RE.sub("", cell) for cell in row])
        book.save(file)
    else:
        for name in columns if draw.random() < 0.3 else ():
            columns[name] = [typed] * len(columns[name])
        pyarrow.parquet.write_table(pyarrow.table(columns), file)
    return file.getvalue()


def quote(cell: str) -> str:
    """Return a cell in quotes."""
    inner = cell.replace('"', '""')
    return f'"{inner}"'


def encode(draw: random.Random, rows: list[list[str]], suffix: str) -> bytes:
    """Return rows as the bytes of a file: quoted well, badly or not at all, in some encoding, with some line ends."""
    if suffix in (".parquet", ".xlsx"):
        return spoil(draw, encode_typed(draw, rows, suffix))
    if suffix in (".jsonl", ".ndjson"):
        objects = [dict(zip(rows[0], row, strict=False)) for row in rows[1:]]
        for one in objects:
            if one and draw.random() < 0.1:
                one[draw.choice(list(one))] = draw.choice(
                    [None, 7, 1.5, True, ["a"], [["a"]], {"b": 1}, "\ud800", 10**40]
                )
        text = draw.choice(["\n", "\r\n", "\n\n"]).join(map(json.dumps, objects))
    else:
        mark = draw.choice([",", ",", "\t", ";", "|", " "])
        how = draw.choice([0, 0, 1, 2])
        special = {mark, '"', "\n", "\r"}
        quoted = [
            [cell if how == 2 or (how == 0 and not set(cell) & special) else quote(cell) for cell in row]
            for row in rows
        ]
        first = draw.choice(
            ["", "", "", "", "", "", "", "", "", "sep=;\n", "# made by\n", "Title\n", "\n", mark * 3 + "\n"]
        )
        text = (
            first
            + draw.choice(["\n", "\n", "\r\n", "\r"]).join(mark.join(row) for row in quoted)
            + draw.choice(["", "\n"])
        )
    encodings = ["utf-8", "utf-8", "utf-8", "utf-8-sig", *draw.choice([[], ["latin-1", "utf-16", "cp1252"]])]
    content = spoil(draw, text.encode(draw.choice(encodings), "replace"))
    return gzip.compress(content, mtime=0)[: draw.choice([None, None, None, 20])] if suffix.endswith(".gz") else content


def spoil(draw: random.Random, content: bytes) -> bytes:
    """Return the content, at times with a few bytes put in, changed or taken out."""
    for _ in range(draw.choice([0, 0, 0, 0, 0, 0, 1, 5])):
        at = draw.randrange(len(content) + 1)
        piece = draw.choice([b"\0", b"\xff", b'"', b"\n", b"\r", b",", b"\x80abc", b""])
        content = content[:at] + piece + content[at + draw.randrange(3) :]
    return content


def read(path: Path, draw: random.Random, cache: Path) -> None:
    """Read a table as a command would; raises only errors of the configuration or the data."""
    written: Any = draw.choice([str(path), str(path), [str(path)], str(path.parent / f"*{path.suffix}")])
    options: dict[str, Any] = {
        "path": written,
        "input": "text",
        "label": "label",
        "on_missing": draw.choice(["error", "skip"]),
    }
    task: Any = TextClassification(kind="text_classification")
    if draw.random() < 0.3:
        task = draw.choice([TextRegression(kind="text_regression"), ImageClassification()])
    if draw.random() < 0.2:
        options["label"] = MultipleLabels(
            column="label", separator=draw.choice([",", "|"]), none=draw.choice([None, "", "x"])
        )
        task = TextClassification(kind="text_classification", multi_label=True)
    if draw.random() < 0.2:
        options["input"] = draw.choice(["im/{id}.png", "{", "file", ("text", "label"), "{text}{label}"])
    if draw.random() < 0.1:
        options["group"] = draw.choice(["patient", "text"])
    open_source(TableData(**options), task, cache, lambda _: None)


def answer(path: Path, draw: random.Random, cache: Path) -> None:
    """List the texts of a table as `predict` does; each row is an item."""
    options = ReadOptions(draw.choice(["text", None, "{text}"]), "text", None, TEXTS, cache, lambda _: None)
    for listing in list_texts([str(path)], options, 1):
        assert all(item.texts is not None or item.problem for item in listing.items)


@pytest.mark.slow
def test_2000_random_tables_are_read_or_refused_with_their_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERASTUNE_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "data"
    (folder / "im").mkdir(parents=True)
    for number in range(4):
        Image.fromarray(np.full((9, 9, 3), 40 * number, np.uint8)).save(folder / f"im/{number}.png")
    ends: Counter[str] = Counter()
    wrong = []
    for seed in range(TABLES):
        draw = random.Random(seed)
        suffix = draw.choice(SUFFIXES)
        path = folder / f"t{seed}{suffix}"
        path.write_bytes(encode(draw, draw_rows(draw), suffix))
        for step in (
            lambda path=path: detect(path, str(path), ()),
            lambda path=path, draw=draw: read(path, draw, tmp_path / "cache"),
            lambda path=path, draw=draw: answer(path, draw, tmp_path / "cache"),
        ):
            try:
                step()
                ends["read"] += 1
            except (ConfigError, DataError) as error:
                ends[type(error).__name__] += 1
                if f"t{seed}" not in str(error) and f"*{path.suffix}" not in str(error) and "data." not in str(error):
                    wrong.append(f"{seed}: names no place: {error}")
            except Exception as error:
                wrong.append(f"{seed}: {type(error).__name__}: {error}")
        path.unlink()
    assert wrong == []
    assert min(ends["read"], ends["DataError"], ends["ConfigError"]) > TABLES // 10, ends
