from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from kerastune_ft.config.options.data import ArraysData, FolderData
from kerastune_ft.data.images.intensity import map_intensity
from kerastune_ft.data.images.reading import ImageReading, encode_upright
from kerastune_ft.errors import ConfigError
from kerastune_ft.exporting.samples import images
from kerastune_ft.exporting.scripts.keras_image import read
from tests.support.image_files import Open
from tests.support.tiny_servings import photo


def test_files_are_given_themselves(tmp_path: Path, open_folder: Open) -> None:
    for number in range(8):
        path = tmp_path / "photos" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo(9, 7, number)).save(path)
    source = open_folder(tmp_path / "photos")
    given = images.give(source, [0, 5], FolderData(path=str(tmp_path / "photos")), tmp_path)
    assert [Path(path).relative_to(tmp_path / "photos").as_posix() for path in given] == [
        source.keys[0], source.keys[5]
    ]  # fmt: skip
    assert images.measure_sizes(given) == [[9, 7, "RGB"], [9, 7, "RGB"]]


def test_rows_of_arrays_are_written_as_files(tmp_path: Path, open_arrays: Open) -> None:
    pixels = np.stack([photo(6, 5, number) for number in range(20)])
    np.savez(tmp_path / "data.npz", x=pixels, y=np.arange(20) % 2)
    data = ArraysData(path=str(tmp_path / "data.npz"))
    (path,) = images.give(open_arrays(tmp_path / "data.npz"), [3], data, tmp_path)
    assert np.array_equal(np.asarray(Image.open(path)), pixels[3])


@pytest.mark.parametrize("intensity", [(0.0, 4095.0), (-1000.0, 400.0), (50.0, 200.0)])
def test_rows_of_a_range_of_values_become_files_of_it_that_predict_and_its_script_read_as_they_were(
    tmp_path: Path, open_arrays: Open, intensity: tuple[float, float]
) -> None:
    low, high = intensity
    values = np.linspace(low, high, 20 * 30).reshape(20, 6, 5).round().astype(np.int16)
    np.savez(tmp_path / "data.npz", x=values, y=np.arange(20) % 2)
    data = ArraysData(path=str(tmp_path / "data.npz"), intensity=intensity)
    source = open_arrays(tmp_path / "data.npz", intensity=intensity)
    (path,) = images.give(source, [7], data, tmp_path)
    wanted = map_intensity(values[7], intensity)
    content, _ = encode_upright(Path(path).read_bytes(), ImageReading(intensity))
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(content))), wanted)
    found = read(SimpleNamespace(exif="apply", intensity=intensity), path)
    assert np.array_equal(map_intensity(found[..., 0], intensity), wanted)


def test_colours_of_a_range_of_values_have_no_file(tmp_path: Path, open_arrays: Open) -> None:
    np.savez(tmp_path / "data.npz", x=np.arange(20 * 12).reshape(20, 2, 2, 3).astype(np.uint16), y=np.arange(20) % 2)
    data = ArraysData(path=str(tmp_path / "data.npz"), intensity=(0, 1000))
    source = open_arrays(tmp_path / "data.npz", intensity=(0, 1000))
    with pytest.raises(ConfigError, match="colours of values from 0 to 1000"):
        images.give(source, [7], data, tmp_path)


def test_inputs_of_the_same_sizes_are_made_for_measuring(tmp_path: Path) -> None:
    sizes = [[4, 9, "RGB"], [30, 2, "F"]]
    assert images.measure_sizes(images.imitate(sizes, tmp_path)) == sizes
