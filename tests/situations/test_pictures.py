"""Pictures as people have them: the saved model, fed as everybody feeds it, answers as predict does."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import ExifTags, Image

import kerastune_ft as kt
from kerastune_ft.cli.commands import main
from kerastune_ft.errors import DataError
from tests.support.image_files import encode_image, write
from tests.support.trained_runs import pixels, small_backbone, train

# Runs in a process without this package: every picture by `load_img`, turned where `decode` in preprocessing.json says
# so, and every array of values as it is.
PLAIN = """
import json, sys
try:
    import kerastune_ft
except ModuleNotFoundError:
    pass
else:
    raise AssertionError("the package can be imported, so this shows nothing")
import keras, numpy as np
from PIL import Image, ImageOps

def read(path):
    if path.endswith(".npy"):
        return np.repeat(np.load(path)[..., None], 3, axis=-1)
    return np.asarray(ImageOps.exif_transpose(keras.utils.load_img(path)) if "turned" not in path
                      else ImageOps.exif_transpose(Image.open(path)))

answers = {}
for run, paths in json.loads(sys.argv[1]).items():
    model = keras.models.load_model(run + "/model/model.keras")
    answers.update({path: np.asarray(model(np.float32(read(path)[None])))[0].tolist() for path in paths})
print(json.dumps(answers))
"""
COUNT = 12


def _turn(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    return exif


def _photo(number: int) -> Image.Image:
    return Image.fromarray(pixels(number)).resize((90, 70), Image.Resampling.BICUBIC)


def _deep(number: int) -> np.ndarray:
    return pixels(number)[..., 0].astype(np.uint16) * 17


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with photos, deep pictures, and a run on each."""
    folder = tmp_path_factory.mktemp("pictures")
    for number in range(COUNT):
        kind = ("noise", "square")[number % 2]
        write(folder / "photos" / kind / f"{number:02d}.jpg", encode_image(_photo(number), "JPEG", quality=80))
        write(folder / "deep" / kind / f"{number:02d}.png", encode_image(_deep(number)))
        np.save(folder / f"{number}.npy", _deep(number))
    for orientation in (3, 6):
        content = encode_image(_photo(40), "JPEG", exif=_turn(orientation))
        write(folder / "photos" / "noise" / f"turned{orientation}.jpg", content)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("KERASTUNE_CACHE", str(folder / "cache"))
        backbone = small_backbone(folder)
        task = {"kind": "image_classification"}
        train(folder, "eight", task, {"kind": "folder", "path": "photos"}, backbone)
        train(folder, "twelve", task, {"kind": "folder", "path": "deep", "intensity": [0, 4095]}, backbone)
        yield folder


def _command(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def _predict(run: str, *inputs: str) -> dict[str, dict[str, str]]:
    result = _command("predict", run, *inputs)
    return {row["input"]: row for row in csv.DictReader(result.stdout.splitlines())}


# Plain Keras answers in tests/runs/test_saved_model.py, without the package, and in test_sessions.py, on 12 bits.
@pytest.mark.slow
def test_plain_keras_answers_as_predict_does(place: Path) -> None:
    photos = sorted(str(path.relative_to(place)) for path in (place / "photos").rglob("*.jpg"))
    asked = {"eight": photos, "twelve": [f"{number}.npy" for number in range(COUNT)]}
    packages = [path for path in sys.path if path.endswith("site-packages")]
    done = subprocess.run(
        [sys.executable, "-S", "-c", PLAIN, json.dumps(asked)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(packages)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    plain = json.loads(done.stdout.splitlines()[-1])
    rows = _predict("eight", "photos")
    assert rows.keys() == set(photos)
    deep = _predict("twelve", "deep")
    rows |= {f"{int(Path(name).stem)}.npy": row for name, row in deep.items()}
    for name, answer in plain.items():
        found = [float(rows[name][f"probability_{label}"]) for label in ("noise", "square")]
        assert found == pytest.approx(answer, abs=1e-5), name
    about = json.loads((place / "twelve/model/preprocessing.json").read_text())
    assert about["range"] == [0, 4095]
    assert about["input"] == "decoded RGB image, 0 to 4095, any size"


def test_rotated_photos_are_said_and_turned(place: Path) -> None:
    plan = json.loads((place / "eight/plan.json").read_text())
    said = "2 photos are stored rotated (EXIF) and turned as viewers show them (data.exif apply)"
    assert said in plan["data"]["notes"]
    assert json.loads((place / "eight/manifest.json").read_text())["decoder"].startswith(
        "tf.io.decode_jpeg INTEGER_ACCURATE"
    )
    result = _command("predict", "eight", "photos/noise/turned6.jpg")
    assert "1 of 1 input is stored rotated (EXIF) and turned as viewers show them" in result.stderr
    upright = place / "upright.png"
    write(upright, encode_image(Image.open(place / "photos/noise/turned6.jpg").rotate(-90, expand=True)))
    rows = _predict("eight", "photos/noise/turned6.jpg", "upright.png")
    first, second = (float(row["probability_noise"]) for row in rows.values())
    assert first == pytest.approx(second, abs=1e-6)


def test_one_picture_has_one_answer_whatever_its_transparency_is_written_as(place: Path) -> None:
    picture = Image.new("P", (48, 48), 0)
    picture.putpalette([1, 2, 3, 200, 30, 30])
    picture.paste(1, (12, 12, 36, 36))
    clear = Image.new("RGBA", (48, 48), (1, 2, 3, 0))
    clear.paste((200, 30, 30, 255), (12, 12, 36, 36))
    files = {
        "rgba.png": encode_image(clear),
        "rgba.webp": encode_image(clear, "WEBP", lossless=True),
        "rgba.tif": encode_image(clear, "TIFF"),
        "palette.png": encode_image(picture, transparency=0),
        "gif.gif": encode_image(picture, "GIF", transparency=0),
        "rgb_key.png": encode_image(picture.convert("RGB"), transparency=(1, 2, 3)),
    }
    for name, content in files.items():
        write(place / "clear" / name, content)
    rows = _predict("eight", "clear")
    assert len(rows) == len(files)
    assert len({row["probability_noise"] for row in rows.values()}) == 1


def test_8_bit_pictures_are_none_of_12(place: Path) -> None:
    said = "has 8-bit values from 0 to 255; the run's data.intensity is 0 to 4095: give images of that range"
    write(place / "other" / "noise" / "a.png", encode_image(np.tile(np.arange(256, dtype=np.uint8), (9, 1))))
    write(place / "other" / "square" / "b.png", encode_image(_deep(3)))
    rows = _predict("twelve", "other")
    assert rows["other/noise/a.png"]["error"].startswith(said)
    assert not rows["other/noise/a.png"]["probability_noise"]
    assert rows["other/square/b.png"]["probability_noise"]
    result = _command("evaluate", "twelve", "--data", "other")
    assert result.exit_code == 3
    assert "noise/a.png" in result.stderr
    assert said in result.stderr
    np.savez(place / "other.npz", x=np.full((2, 9, 9, 3), 200, np.uint8), y=["noise", "square"])
    result = _command("evaluate", "twelve", "--data", "other.npz")
    assert result.exit_code == 3
    assert "the run's data.intensity is 0 to 4095: give images of that range" in result.stderr


def test_a_view_of_the_table_from_python(place: Path) -> None:
    run = kt.open_run(place / "twelve")
    with pytest.raises(DataError, match=r"8-bit values from 7 to 7; the run's data.intensity is 0 to 4095"):
        run.predict(np.full((2, 9, 9, 3), 7, np.uint8))
    with pytest.raises(DataError, match=r"values from 0 to 0.5; .* give the values themselves"):
        run.predict(np.linspace(0, 0.5, 81).reshape(9, 9))
    eight = kt.open_run(place / "eight")
    white = eight.predict(np.full((9, 9), 255, np.uint8)).probability_noise.tolist()
    assert eight.predict(np.ones((9, 9), bool)).probability_noise.tolist() == white
    with pytest.raises(DataError, match=r"values from 0 to 16; images are 0 to 255, so these would be nearly black"):
        eight.predict(np.linspace(0, 16, 81).reshape(9, 9))


def _plan(place: Path, images: np.ndarray, **data: Any) -> Any:
    np.savez(place / "own.npz", x=images, y=np.array(["a", "b"])[np.arange(len(images)) % 2])
    options = {"kind": "arrays", "path": str(place / "own.npz"), **data}
    phases = [{"name": "head", "unfreeze": "none", "epochs": 1, "learning_rate": 0.01}]
    backbone = {"kind": "saved", "path": str(place / "small.keras"), "input": "-1-1"}
    return kt.plan({"task": {"kind": "image_classification"}, "data": options, "backbone": backbone, "phases": phases})


@pytest.mark.parametrize(
    ("images", "line"),
    [
        (np.arange(2 * 12 * 64).reshape(24, 8, 8).astype(np.uint8) % 2, '"intensity": [0, 1]  in data'),
        (np.arange(2 * 12 * 64).reshape(24, 8, 8).astype(np.float32) % 17, '"intensity": [0, 16]  in data, or'),
        (np.arange(2 * 12 * 64).reshape(24, 8, 8) % 256 / 127.5 - 1, '"intensity": [-1, 1]  in data'),
    ],
    ids=["masks", "digits", "signed"],
)
def test_training_asks_for_the_range(place: Path, images: np.ndarray, line: str) -> None:
    with pytest.raises(DataError) as caught:
        _plan(place, images)
    assert line in str(caught.value)
