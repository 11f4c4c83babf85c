from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from kerastune_ft.exporting.samples import images
from tests.support.image_files import Open
from tests.support.tiny_servings import photo


def test_files_are_given_themselves(tmp_path: Path, open_folder: Open) -> None:
    for number in range(8):
        path = tmp_path / "photos" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo(9, 7, number)).save(path)
    source = open_folder(tmp_path / "photos")
    given = images.give(source, [0, 5], tmp_path / "photos", tmp_path)
    assert [Path(path).relative_to(tmp_path / "photos").as_posix() for path in given] == [
        source.keys[0], source.keys[5]
    ]  # fmt: skip
    assert images.measure_sizes(given) == [[9, 7], [9, 7]]


def test_rows_of_arrays_are_written_as_files(tmp_path: Path, open_arrays: Open) -> None:
    pixels = np.stack([photo(6, 5, number) for number in range(20)])
    np.savez(tmp_path / "data.npz", x=pixels, y=np.arange(20) % 2)
    (path,) = images.give(open_arrays(tmp_path / "data.npz"), [3], tmp_path / "data.npz", tmp_path)
    assert np.array_equal(np.asarray(Image.open(path)), pixels[3])


def test_inputs_of_the_same_sizes_are_made_for_measuring(tmp_path: Path) -> None:
    assert images.measure_sizes(images.imitate([[4, 9], [30, 2]], tmp_path)) == [[4, 9], [30, 2]]
