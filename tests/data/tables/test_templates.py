from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.errors import ConfigError, DataError
from tests.support.table_files import images, open_table, pet_table, pets


def test_a_wrong_input_is_told_from_missing_files(tmp_path: Path) -> None:
    root = tmp_path / "data"
    rows = [[name[7:10], label] for name, label in pets(root)]
    path = pet_table(root, rows)
    with pytest.raises(DataError, match=r'images/000.png is there; write  "input": "images/\{image\}.png"  in data'):
        open_table(path, on_missing="skip")
    with pytest.raises(DataError, match=r"none is there: row 2: 000.tif is not there(.|\n)*images/000.png is there"):
        open_table(path, input="{image}.tif")
    with pytest.raises(DataError, match='Write what leads from the folder of the table to the file, as "images/'):
        open_table(path, input="label")
    with pytest.raises(DataError, match=r"data.input: image is empty in every row"):
        open_table(pet_table(root, [["", label] for _, label in rows]))


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("{id}.png", r'data.input: .* no column "id"'),
        ("images/{image", "a brace without its other"),
        ("images}", "a brace without its other"),
        ("images/{}.png", "a brace without its other"),
        ("images/{{image}}", "no column in braces"),
        ("imge", 'did you mean "image"'),
        (("image", "label"), "a pair of texts"),
    ],
)
def test_inputs_that_cannot_be_meant(tmp_path: Path, wanted: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        open_table(pet_table(tmp_path / "data"), input=wanted)


def test_templates_of_several_columns_and_braces(tmp_path: Path) -> None:
    root = tmp_path / "data"
    rows = [[f"{number:02d}", ("cat", "dog")[number % 2]] for number in range(20)]
    images(root, [f"{label}/{{{code}}}.png" for code, label in rows])
    source = open_table(pet_table(root, rows, ("code", "label")), input="{label}/{{{ code }}}.png")
    assert list(source.keys[:2]) == ["cat/{00}.png", "dog/{01}.png"]
