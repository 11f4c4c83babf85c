"""Parquet files as data hubs give them: images and sounds are in the cells, as bytes or `{bytes, path}`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
import tensorflow as tf
from click.testing import CliRunner

from kerastune_ft.cli.commands import main
from kerastune_ft.config.options.data import TableData
from kerastune_ft.config.options.tasks import AudioClassification, ImageClassification
from kerastune_ft.data.files.find import IMAGES
from kerastune_ft.data.open import open_source
from kerastune_ft.errors import DataError
from kerastune_ft.inference.inputs import list_inputs
from kerastune_ft.inference.read_options import ReadOptions
from tests.support.sound_files import tone, wav
from tests.support.trained_runs import encode_image, pixels

COUNT = 24
PICTURES = [encode_image(pixels(number, 16, 16)) for number in range(COUNT)]
LABELS = ["ab"[number % 2] for number in range(COUNT)]


def write(path: Path, cells: list[Any]) -> TableData:
    pyarrow.parquet.write_table(pyarrow.table({"image": cells, "label": LABELS}), path)
    return TableData(path=str(path), input="image", label="label")


def test_images_are_read_as_files_are(tmp_path: Path) -> None:
    for name, cells in (("plain", PICTURES), ("hub", [{"bytes": each, "path": None} for each in PICTURES])):
        options = write(tmp_path / f"{name}.parquet", cells)
        source = open_source(options, ImageClassification(), tmp_path / "cache", lambda line: None)
        assert source.info.examples == COUNT
        assert source.keys[3] == "row 4"
        assert source.element(tf.constant(3, tf.int64))["image"].numpy() == PICTURES[3]
        assert not any("outside" in note or "identical" in note for note in source.info.notes)
    changed = [*PICTURES[:-1], encode_image(pixels(99, 16, 16))]
    other = open_source(write(tmp_path / "hub.parquet", changed), ImageClassification(), tmp_path, lambda line: None)
    assert other.info.fingerprint != source.info.fingerprint


def test_what_is_no_image_and_what_is_missing_are_named_by_row(tmp_path: Path) -> None:
    cells: list[Any] = [{"bytes": each, "path": None} for each in PICTURES]
    cells[2], cells[5] = {"bytes": b"\xff\xd8 damaged", "path": "x.jpg"}, None
    with pytest.raises(DataError) as refused:
        open_source(write(tmp_path / "a.parquet", cells), ImageClassification(), tmp_path, lambda line: None)
    assert "row 3: x.jpg  is " in str(refused.value)
    assert "row 6  is not named: image is empty" in str(refused.value)


def test_predictions_answer_a_row_each(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", [*PICTURES[:-1], None])
    options = ReadOptions("image", None, None, IMAGES, tmp_path / "cache", lambda line: None)
    (listing,) = list_inputs([str(tmp_path / "a.parquet")], options)
    items = list(listing.items)
    assert len(items) == COUNT
    assert Path(items[3].path or "").read_bytes() == PICTURES[3]
    assert (items[3].name, items[-1].name) == ("row 4", f"row {COUNT}")
    assert items[-1].problem == "names no file: its image is empty"


def test_sounds_too(tmp_path: Path) -> None:
    sounds = [wav(tone(300 + 20 * number, 0.1)) for number in range(COUNT)]
    options = write(tmp_path / "a.parquet", [{"bytes": each, "path": f"{row}.wav"} for row, each in enumerate(sounds)])
    source = open_source(options, AudioClassification(), tmp_path / "cache", lambda line: None)
    values = source.element(tf.constant(5, tf.int64))["samples"].numpy()
    np.testing.assert_allclose(values, tone(400, 0.1), atol=1e-4)
    assert source.keys[5] == "5.wav"


def test_init_proposes_the_column(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERASTUNE_CACHE", str(tmp_path / "cache"))
    write(Path("a.parquet"), [{"bytes": each, "path": None} for each in PICTURES])
    result = CliRunner().invoke(main, ["init", "a.parquet"])
    assert result.exit_code == 0, result.output
    document = json.loads((tmp_path / "a.json").read_text())
    assert document["task"]["kind"] == "image_classification"
    assert (document["data"]["input"], document["data"]["label"]) == ("image", "label")
