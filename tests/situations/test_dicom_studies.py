"""A folder of DICOM studies, as an archive of pictures gives it: class/patient/study/files, some without a suffix."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner

from kerastune_ft.api import training
from kerastune_ft.cli.commands import main
from kerastune_ft.config.options.data import FolderData, PatternGroup, TableData
from kerastune_ft.config.options.tasks import ImageClassification
from kerastune_ft.config.read import read
from kerastune_ft.data.files.find import IMAGES
from kerastune_ft.data.images.dicom import read_picture
from kerastune_ft.data.images.reading import ImageReading
from kerastune_ft.data.open import open_source
from kerastune_ft.data.source import DataSource
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.inference.images import ImageReader
from kerastune_ft.inference.inputs import list_inputs
from kerastune_ft.inference.items import Item
from kerastune_ft.inference.read_options import ReadOptions
from kerastune_ft.input.decode import Geometry
from tests.support.dicom_files import IDENTIFIERS, chest, dicom, write_studies
from tests.support.trained_runs import small_backbone

pytest.importorskip("pydicom")


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_studies(tmp_path_factory.mktemp("scans") / "scans")


def open_folder(path: Path, cache: Path, **options: object) -> DataSource:
    return open_source(FolderData(path=str(path), **options), ImageClassification(), cache, lambda line: None)


def picture(source: DataSource, index: int) -> np.ndarray:
    return tf.io.decode_png(source.element(tf.constant(index, tf.int64))["image"]).numpy()[..., 0]


def test_no_patient_stands_in_two_splits(studies: Path, tmp_path: Path) -> None:
    source = open_folder(studies, tmp_path)
    assert source.info.examples == 48
    assert source.groups is not None
    split_of = {key: split for split, rows in source.splits.items() for key in (source.keys[row] for row in rows)}
    splits_of_patient: dict[str, set[str]] = {}
    for key, split in split_of.items():
        splits_of_patient.setdefault("/".join(key.split("/")[:2]), set()).add(split)
    assert len(splits_of_patient) == 16
    assert all(len(splits) == 1 for splits in splits_of_patient.values())
    assert any(note.startswith("groups: 16 patients by the PatientID") for note in source.info.notes)


def test_pixels_are_those_of_the_window(studies: Path, tmp_path: Path) -> None:
    source = open_folder(studies, tmp_path)
    for index in (0, 2, 47):
        expected = np.asarray(read_picture((studies / source.keys[index]).read_bytes()).picture)
        np.testing.assert_array_equal(picture(source, index), expected)
    other = open_folder(studies, tmp_path, window=(-200, 500))
    assert other.contents[0] != source.contents[0]
    units = chest(0).astype(float) - 1024
    by_hand = np.round(np.clip((units + 200.5) / 499 + 0.5, 0, 1) * 255)
    np.testing.assert_array_equal(picture(other, 0), by_hand)


def test_a_table_names_them_and_a_group_of_ones_own_counts(studies: Path, tmp_path: Path) -> None:
    files = sorted(path.relative_to(studies).as_posix() for path in studies.rglob("*") if path.is_file())
    rows = "".join(f"{file},{file.split('/')[0]},{number}\n" for number, file in enumerate(files))
    (studies / "all.csv").write_text(f"file,label,own\n{rows}")
    options = TableData(path=str(studies / "all.csv"), input="file", label="label")
    source = open_source(options, ImageClassification(), tmp_path, lambda line: None)
    assert len(set(source.groups or ())) == 16
    own = open_source(options.model_copy(update={"group": "own"}), ImageClassification(), tmp_path, lambda line: None)
    assert len(set(own.groups or ())) == 48
    (studies / "all.csv").unlink()
    pattern = open_folder(studies, tmp_path, group=PatternGroup(pattern="(p[0-9]+)/"))
    assert len(set(pattern.groups or ())) == 8


def test_what_cannot_be_read_is_named_without_its_patient(studies: Path, tmp_path: Path) -> None:
    damaged, report = studies / "clear" / "p0" / "s1" / "9.dcm", studies / "clear" / "p0" / "s1" / "REPORT"
    damaged.write_bytes(dicom(chest(5), "c0")[:-99])
    report.write_bytes(dicom(chest(5), "c0")[:400])
    try:
        with pytest.raises(DataError, match="2 of 50 image files") as refused:
            open_folder(studies, tmp_path)
        said = str(refused.value)
        assert "clear/p0/s1/9.dcm  is damaged DICOM" in said
        assert "clear/p0/s1/REPORT  is" in said
        assert not any(identifier in said for identifier in IDENTIFIERS)
        assert open_folder(studies, tmp_path, on_bad_file="skip").info.examples == 48
    finally:
        damaged.unlink()
        report.unlink()


def test_predictions_read_what_training_reads(studies: Path, tmp_path: Path) -> None:
    options = ReadOptions(None, None, None, IMAGES, tmp_path, print)
    (listing,) = list_inputs([str(studies / "nodule" / "p1")], options)
    items = list(listing.items)
    assert [Path(item.name).name for item in items] == ["0.dcm", "1.dcm", "IM0002"]
    reader = ImageReader(Geometry(40, 40), ImageReading(window=(-200, 500)))
    values = reader.read(items[2]).values
    assert values is not None
    source = open_folder(studies, tmp_path, window=(-200, 500))
    index = source.keys.index("nodule/p1/s1/IM0002")
    np.testing.assert_array_equal(values.numpy()[..., 0], picture(source, index))


def test_a_range_maps_values_after_slope_and_intercept_in_predictions_too(studies: Path, tmp_path: Path) -> None:
    source = open_folder(studies, tmp_path, intensity=(-1024, 1024))
    reader = ImageReader(Geometry(40, 40), ImageReading(intensity=(-1024, 1024)))
    decoded = reader.read(Item("0", path=str(studies / source.keys[0])))
    assert decoded.values is not None, decoded.problem
    np.testing.assert_array_equal(decoded.values.numpy()[..., 0], picture(source, 0))
    np.testing.assert_array_equal(picture(source, 0), np.round(chest(0) / 2048 * 255))


def test_windows_that_say_nothing_are_refused(tmp_path: Path, studies: Path) -> None:
    document = {
        "task": {"kind": "image_classification"},
        "data": {"kind": "folder", "path": str(studies), "window": [40, 400], "intensity": [0, 4095]},
        "backbone": {"kind": "applications", "name": "MobileNetV2", "weights": None},
        "phases": [{"name": "head", "unfreeze": "none", "epochs": 1, "learning_rate": 0.01, "batch_size": 8}],
    }
    with pytest.raises(ConfigError, match="window and intensity both say what becomes 0 to 255"):
        read(document)
    with pytest.raises(ConfigError, match=r"data.window"):
        read({**document, "data": {"kind": "folder", "path": "x", "window": [40, 0]}})


def test_no_file_of_a_run_or_of_the_cache_has_an_identifier(
    studies: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERASTUNE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["init", str(studies), "--output", "scans.json"])
    assert result.exit_code == 0, result.output
    assert "all of one patient stay in one split" in result.output
    document = json.loads(Path("scans.json").read_text())
    phase = {"name": "head", "unfreeze": "none", "epochs": 1, "learning_rate": 0.01, "batch_size": 8}
    run = training.run(
        {"task": document["task"], "data": document["data"], "backbone": small_backbone(tmp_path), "phases": [phase]},
        run_dir="run",
    )
    with (run.path / "splits.csv").open(newline="") as file:
        assert {row["group"].split()[0] for row in csv.DictReader(file)} == {"patient"}
    written = [path for place in ("run", "cache") for path in Path(place).rglob("*") if path.is_file()]
    marks = [*(identifier.encode() for identifier in IDENTIFIERS), b"3680043"]
    assert written
    assert [path for path in written if any(mark in path.read_bytes() for mark in marks)] == []
