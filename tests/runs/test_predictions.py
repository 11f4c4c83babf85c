"""Predictions are those of the evaluation, for every task and in every form of input that is no hostile one."""

from __future__ import annotations

import shutil
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

import kerastune_ft as kt
from kerastune_ft.errors import ConfigError, DataError
from tests.support.trained_runs import COUNT, encode_image, pixels, read_evaluation, write


def test_one_label_is_predicted_as_evaluation_did(classes_run: Path, workplace: Path) -> None:
    frame = kt.open_run(classes_run).predict(workplace / "images")
    assert list(frame) == ["input", "label", "probability", "probability_noise", "probability_square", "error"]
    assert len(frame) == COUNT
    by_input = {Path(row.input).relative_to(workplace / "images").as_posix(): row for row in frame.itertuples()}
    for name, row in read_evaluation(classes_run).items():
        found = by_input[name]
        assert found.label == row["prediction"]
        assert found.probability_square == pytest.approx(float(row["probability_square"]), abs=1e-5)
        assert found.probability == pytest.approx(float(row["probability"]), abs=1e-5)
    assert frame.error.isna().all()
    assert frame.probability_square.std() > 1e-3, "a constant would be equal everywhere"


def test_several_labels_are_decided_by_the_runs_thresholds(several_run: Path, workplace: Path) -> None:
    frame = kt.predict(several_run, workplace / "cases.csv")
    own = ["image", "findings", "brightness"]
    assert list(frame) == ["input", *own, "label", "probability_late", "probability_square", "error"]
    by_input = {row.input: row for row in frame.itertuples()}
    rows = read_evaluation(several_run)
    assert len(rows) >= 6
    for name, row in rows.items():
        assert by_input[name].label == row["prediction"]
        assert by_input[name].probability_late == pytest.approx(float(row["probability_late"]), abs=1e-5)


def test_values_are_in_the_users_units(values_run: Path, workplace: Path) -> None:
    frame = kt.predict(values_run, workplace / "cases.csv")
    assert list(frame) == ["input", "image", "findings", "brightness", "value", "error"]
    assert frame.brightness.tolist() == [str(10 * (number % 2) + 5) for number in range(COUNT)]
    by_input = {row.input: row.value for row in frame.itertuples()}
    for name, row in read_evaluation(values_run).items():
        assert by_input[name] == pytest.approx(float(row["value"]), rel=1e-5, abs=1e-4)


def test_a_run_that_moved_needs_neither_its_data_nor_its_place(
    classes_run: Path, workplace: Path, tmp_path: Path
) -> None:
    moved = tmp_path / "elsewhere"
    shutil.copytree(classes_run, moved)
    config = moved / "config.json"
    config.write_text(config.read_text().replace(str(workplace), "/nowhere"))
    image = write(tmp_path / "one.png", encode_image(pixels(3)))
    there = kt.predict(classes_run, image)
    assert kt.predict(moved, image).probability.tolist() == there.probability.tolist()


def test_the_batch_size_changes_nothing(classes_run: Path, workplace: Path) -> None:
    once = kt.predict(classes_run, workplace / "images")
    for size in (5, 64):
        other = kt.predict(classes_run, workplace / "images", batch_size=size)
        assert other.input.tolist() == once.input.tolist()
        np.testing.assert_allclose(other.probability_square, once.probability_square, atol=1e-6)


def test_a_model_that_changed_is_loaded_anew(classes_run: Path, values_run: Path, tmp_path: Path) -> None:
    moved = tmp_path / "run"
    shutil.copytree(classes_run, moved)
    assert "label" in kt.predict(moved, pixels(1))
    shutil.rmtree(moved)
    shutil.copytree(values_run, moved)
    assert "value" in kt.predict(moved, pixels(1))


def test_two_folders_and_a_file_have_names_of_their_own(
    classes_run: Path, workplace: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("a", "b"):
        write(Path(folder, "deep", "1.png"), encode_image(pixels(1)))
        write(Path(folder, "__MACOSX", "1.png"), b"junk")
        write(Path(folder, ".hidden", "1.png"), b"junk")
        write(Path(folder, ".2.png"), b"junk")
        write(Path(folder, "notes.txt"), b"no image")
    frame = kt.predict(classes_run, ["a/", "b", Path("a/deep/1.png")])
    assert frame.input.tolist() == ["a/deep/1.png", "b/deep/1.png", "a/deep/1.png"]
    assert frame.label.notna().all()


def test_archives_are_folders(classes_run: Path, tmp_path: Path) -> None:
    image = write(tmp_path / "in" / "1.png", encode_image(pixels(1)))
    with zipfile.ZipFile(tmp_path / "some.zip", "w") as archive:
        archive.write(image, "in/1.png")
    with tarfile.open(tmp_path / "some.tar.gz", "w:gz") as archive:
        archive.add(image, "1.png")
    write(tmp_path / "bad.zip", b"PK no archive")
    frame = kt.predict(classes_run, [tmp_path / "some.zip", tmp_path / "some.tar.gz", tmp_path / "bad.zip"])
    assert frame.input.tolist() == [
        f"{tmp_path}/some.zip/in/1.png",
        f"{tmp_path}/some.tar.gz/1.png",
        f"{tmp_path}/bad.zip",
    ]
    assert frame.label[0] == frame.label[1]
    assert "cannot be unpacked" in frame.error[2]


def test_arrays_are_predicted_like_the_files_they_came_from(classes_run: Path, tmp_path: Path) -> None:
    images = np.stack([pixels(seed) for seed in range(5)])
    files = [write(tmp_path / f"{seed}.png", encode_image(image)) for seed, image in enumerate(images)]
    wanted = kt.predict(classes_run, files).probability_square
    for given in (images, images.astype(np.float32), images.astype(np.int64)):
        frame = kt.predict(classes_run, given)
        np.testing.assert_allclose(frame.probability_square, wanted, atol=1e-6)
    assert frame.input.tolist() == [f"[{row}]" for row in range(5)]
    assert kt.predict(classes_run, images[0]).probability_square[0] == pytest.approx(wanted[0], abs=1e-6)
    assert kt.predict(classes_run, list(images)).input.tolist() == [f"[{row}]" for row in range(5)]
    np.savez(tmp_path / "some.npz", pictures=images, y=np.arange(5), other=np.arange(6))
    frame = kt.predict(classes_run, tmp_path / "some.npz", input="pictures")
    assert list(frame)[:3] == ["input", "y", "label"]
    assert frame.y.tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_allclose(frame.probability_square, wanted, atol=1e-6)
    assert frame.input[4] == f"{tmp_path}/some.npz[4]"
    with pytest.raises(
        ConfigError, match=r"several arrays; name the one of the inputs with --input, one of pictures, y, other"
    ):
        kt.predict(classes_run, tmp_path / "some.npz")


def test_grey_images_and_transparent_ones_are_taken(classes_run: Path) -> None:
    grey, alpha = pixels(1)[..., 0], np.dstack([pixels(1), np.full((40, 36), 255, np.uint8)])
    frame = kt.predict(classes_run, [grey, alpha, pixels(1)])
    assert frame.probability_square[1] == pytest.approx(frame.probability_square[2], abs=1e-6)
    assert frame.error.isna().all()


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.random.default_rng(0).random((2, 8, 8, 3)), "values from .* multiply them by 255"),
        (np.full((2, 8, 8, 3), 300), "values from 300 to 300; images are 0 to 255"),
        (np.zeros((2, 8, 8, 5), np.uint8), "the last dimension"),
        (np.zeros((0, 8, 8, 3), np.uint8), "shape"),
        (np.zeros((3,), np.uint8), "shape"),
    ],
)
def test_arrays_that_cannot_be_images_are_refused(classes_run: Path, images: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=message):
        kt.predict(classes_run, images)


def test_a_row_of_an_array_with_nan_is_a_row_with_a_reason(classes_run: Path) -> None:
    images = np.stack([pixels(0), pixels(1)]).astype(np.float32)
    images[1, 0, 0, 0] = np.nan
    frame = kt.predict(classes_run, images)
    assert frame.error.fillna("").tolist() == ["", "has NaN or infinite values"]


def test_other_things_are_refused_with_what_is_taken(classes_run: Path) -> None:
    import pandas

    frame = pandas.DataFrame({"path": ["1.png"]})
    for given in (7, None, [b"bytes", object()]):
        with pytest.raises(
            ConfigError, match=r"(cannot be predicted|is no input to predict) on; give a path, an array"
        ):
            kt.predict(classes_run, given)
    with pytest.raises(ConfigError, match="Its columns are path"):
        kt.predict(classes_run, frame)
    with pytest.raises(ConfigError, match="give at least one"):
        kt.predict(classes_run, [])
    assert kt.predict(classes_run, frame["path"]).error.tolist() == ["is not there"]
