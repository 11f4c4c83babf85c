"""Damaged files of every form in one process: each is read or named with its reason, and nothing else happens."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from kerastune_ft.config.options.data import ArraysData
from kerastune_ft.config.options.tasks import AudioClassification, ImageClassification, TextClassification
from kerastune_ft.data.files.archive import is_archive, unpack_archive
from kerastune_ft.data.files.find import IMAGES, SOUNDS, TEXTS, FileKind
from kerastune_ft.data.images.check import ImageCheck
from kerastune_ft.data.images.reading import ImageReading
from kerastune_ft.data.open import open_source
from kerastune_ft.data.sounds.check import SoundCheck
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.inference.images import ImageReader
from kerastune_ft.inference.inputs import list_inputs
from kerastune_ft.inference.items import Item
from kerastune_ft.inference.read_options import ReadOptions
from kerastune_ft.inference.sounds import SoundReader
from kerastune_ft.inference.text_inputs import list_texts
from kerastune_ft.input.decode import Geometry
from kerastune_ft.input.sounds.resample import Clip
from kerastune_ft.scaffolding.samples.image_statistics import sample
from kerastune_ft.scaffolding.sources.arrays import inspect_arrays
from tests.support.damage import damage
from tests.support.dicom_files import chest, dicom
from tests.support.sound_files import tone, wav
from tests.support.trained_runs import encode_image, pixels

MEDIA, ARRAYS = 2000, 500
NAMES = ("a/1.png", "a/ü.png", "b/2.png")
PICTURE = pixels(1, 24, 20)
DEEP = np.arange(480, dtype=np.uint16).reshape(24, 20) * 100
TASKS = (ImageClassification(), AudioClassification(), TextClassification(kind="text_classification"))


def write_pictures() -> dict[str, bytes]:
    forms: dict[str, bytes] = {
        form.lower(): encode_image(PICTURE, form) for form in ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP")
    }
    forms["progressive.jpg"] = encode_image(PICTURE, "JPEG", progressive=True)
    forms["deep.png"] = encode_image(DEEP)
    forms["palette.png"] = _palette()
    forms["lzw.tif"] = encode_image(PICTURE, "TIFF", compression="tiff_lzw")
    pytest.importorskip("pydicom")
    forms["one.dcm"] = dicom(chest(1, 24), bits=12, WindowCenter=40, WindowWidth=400)
    forms["many.dcm"] = dicom(np.stack([chest(number, 12) for number in range(3)]), PixelPaddingValue=3)
    return forms


def _palette() -> bytes:
    from PIL import Image

    return encode_image(Image.fromarray(PICTURE).quantize(16), "PNG", transparency=3)


def write_sounds() -> dict[str, bytes]:
    soundfile = pytest.importorskip("soundfile")
    sound = np.stack([tone(440, 0.3), tone(660, 0.3)], axis=1)
    forms = {f"{bits}.wav": wav(sound, bits=bits) for bits in (8, 16, 24)}
    forms["float.wav"] = wav(sound, bits=32, is_float=True, extensible=True)
    for ending, form, subtype in (("flac", "FLAC", None), ("ogg", "OGG", "VORBIS"), ("opus", "OGG", "OPUS")):
        buffer = io.BytesIO()
        soundfile.write(buffer, sound, 8000, format=form, subtype=subtype)
        forms[ending] = buffer.getvalue()
    return forms


def write_damaged(folder: Path, forms: dict[str, bytes], count: int) -> list[str]:
    """Damaged files of all forms, one in eight with the suffix of another."""
    draw, names = np.random.default_rng(len(forms)), list(forms)
    paths = []
    for number in range(count):
        name = names[number % len(names)]
        shown = names[int(draw.integers(len(names)))] if number % 8 == 0 else name
        path = folder / f"{number:04d}.{shown.rpartition('.')[2]}"
        path.write_bytes(damage(forms[name], draw))
        paths.append(str(path))
    return paths


def check_reasons(checked: Any) -> None:
    """Every file is usable, or has a reason of a few words."""
    for file in checked:
        assert file.problem is None or (file.problem.split()[0] in ("is", "has") and len(file.problem) < 500), file


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_damaged_pictures(tmp_path: Path) -> None:
    paths = write_damaged(tmp_path, write_pictures(), MEDIA // 2)
    for reading in (ImageReading(), ImageReading(intensity=(0.0, 4095.0)), ImageReading(window=(40.0, 400.0))):
        checked = ImageCheck(tmp_path, tmp_path / "cache", reading, lambda line: None).check(paths)
        check_reasons(checked)
        reader = ImageReader(Geometry(16, 16), reading)
        read = [reader.read(Item(path, path=path)) for path in paths]
        for file, decoded in zip(checked, read, strict=True):
            assert (decoded.values is None) == (decoded.problem is not None)
            # Depth and range are a question about all files in a run, and of each alone in predictions.
            if (decoded.problem or "").partition(" ")[0] != "has":
                assert (file.problem is None) == (decoded.problem is None), (file, decoded.problem)
    assert len(sample(paths).unreadable) < len(paths)


@pytest.mark.slow
def test_damaged_sounds(tmp_path: Path) -> None:
    paths = write_damaged(tmp_path, write_sounds(), MEDIA // 2)
    checked = SoundCheck(tmp_path, tmp_path / "cache", lambda line: None).check(paths)
    check_reasons(checked)
    reader = SoundReader(Clip(8000, 800))
    for file, path in zip(checked, paths, strict=True):
        decoded = reader.read(Item(path, path=path))
        assert (file.problem is None) == (decoded.problem is None), (file, decoded.problem)


def _random_array(draw: np.random.Generator) -> np.ndarray:
    count = int(draw.integers(0, 12))
    shape = (count, *draw.integers(0, 6, int(draw.integers(0, 4))).tolist())
    values = draw.normal(0, 10 ** draw.uniform(-2, 4), shape)
    makers: tuple[Callable[[], np.ndarray], ...] = (
        lambda: values,
        lambda: np.where(draw.random(shape) < 0.1, np.nan, values).astype(np.float32),
        lambda: np.full(shape, np.inf),
        lambda: values.astype(np.float16),
        lambda: np.abs(values).astype(np.uint8),
        lambda: values.astype(np.int64).astype(">i8"),
        lambda: values > 0,
        lambda: values + 1j,
        lambda: np.array([["", "ä", "\ud800", " "][int(row) % 4] for row in range(count)]),
        lambda: np.array([[b"k\xe4se", b"a", b""][int(row) % 3] for row in range(count)], "S5"),
        lambda: np.array([{"a": 1}] * count, object),
        lambda: np.zeros(count, [("a", "i4"), ("b", "U3")]),
        lambda: np.zeros(count, "V0"),
        lambda: np.zeros(count, "datetime64[s]"),
        lambda: np.zeros(count, "U0"),
        lambda: np.asfortranarray(values),
        lambda: np.array(7),
    )
    return makers[int(draw.integers(len(makers)))]()


def _random_archive(draw: np.random.Generator) -> bytes:
    buffer = io.BytesIO()
    arrays = {name: _random_array(draw) for name in ("x", "y", "group", "sample_rate") if draw.random() < 0.85}
    (np.savez if draw.integers(2) else np.savez_compressed)(buffer, **arrays)
    content = buffer.getvalue()
    if draw.random() < 0.2:
        with zipfile.ZipFile(buffer, "a", zipfile.ZIP_LZMA) as archive:
            archive.writestr(str(draw.choice(["x.npy", "../z.npy", "notes.txt", "q/..npy"])), draw.bytes(50))
        content = buffer.getvalue()
    return damage(content, draw) if draw.random() < 0.5 else content


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_random_arrays(tmp_path: Path) -> None:
    draw = np.random.default_rng(7)
    kinds: tuple[FileKind, ...] = (IMAGES, SOUNDS, TEXTS)
    for number in range(ARRAYS):
        path = tmp_path / f"{number}.npz"
        path.write_bytes(_random_archive(draw))
        chosen = number % len(TASKS)
        group = "group" if draw.integers(2) else None
        options = ArraysData(path=str(path), group=group)

        def read(options: ArraysData = options, chosen: int = chosen) -> None:
            open_source(options, TASKS[chosen], tmp_path / "cache", lambda line: None)

        def predict(path: Path = path, chosen: int = chosen) -> None:
            given = ReadOptions(None, None, None, kinds[chosen], tmp_path / "cache", lambda line: None)
            if kinds[chosen] is TEXTS:
                list(list_texts([str(path)], given, 1)[0].items)
                return
            reader = (
                SoundReader(Clip(8000, 80)) if kinds[chosen] is SOUNDS else ImageReader(Geometry(8, 8), ImageReading())
            )
            for item in list_inputs([str(path)], given)[0].items:
                reader.read(item)

        for step in (read, predict, lambda path=path: inspect_arrays(path, path.name)):
            try:
                step()
            except (DataError, ConfigError) as error:
                assert path.name in str(error) or "data." in str(error), str(error)


def write_archives() -> list[bytes]:
    contents = []
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", method) as packed:
            for name in NAMES:
                packed.writestr(name, b"xyz" * 50)
        contents.append(buffer.getvalue())
    modes: tuple[Literal["w", "w:gz", "w:bz2", "w:xz"], ...] = ("w", "w:gz", "w:bz2", "w:xz")
    for mode in modes:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode=mode) as tar:
            for name in NAMES:
                member = tarfile.TarInfo(name)
                member.size = 150
                tar.addfile(member, io.BytesIO(b"xyz" * 50))
        contents.append(buffer.getvalue())
    return contents


@pytest.mark.slow
def test_damaged_archives(tmp_path: Path) -> None:
    draw, contents, read = np.random.default_rng(5), write_archives(), 0
    for number in range(ARRAYS):
        path = tmp_path / f"{number}.zip"
        path.write_bytes(damage(contents[number % len(contents)], draw))
        try:
            if is_archive(path):
                unpack_archive(path, tmp_path / "cache", lambda line: None)
                read += 1
        except DataError as error:
            assert path.name in str(error)
    assert read < ARRAYS // 2


def test_the_damages_are_damages() -> None:
    draw = np.random.default_rng(0)
    content = encode_image(PICTURE)
    assert sum(damage(content, draw) == content for _ in range(100)) < 5
