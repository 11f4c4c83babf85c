"""What predict.py of several inputs reads is what a run reads: templates, pictures, texts, numbers and words."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from kerastune_ft.data.several.columns import MISSING, parse_number
from kerastune_ft.data.tables.templates import input_texts
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.exporting.graphs.texts import TextGraphs
from kerastune_ft.exporting.scripts import keras_image, keras_text
from kerastune_ft.exporting.scripts.several import inputs
from tests.support.small_tokenizers import make_byte_pairs
from tests.support.tiny_servings import encode, photo
from tests.support.tiny_text_servings import PAIRS, TEXTS, make_text_serving

ROW = {"id": " 7 ", "side": "left", "empty": "", "a{b": "own"}


@pytest.mark.parametrize(
    "wanted", ["id", "{side}/{ id }.png", "{{{id}}}_{side}", "{side}{id}", "{empty}/{id}.png", "empty", "a{b"]
)
def test_templates_are_filled_as_in_training(wanted: str) -> None:
    table = TextTable(Path("t.csv"), "row", [2], {name: [cell] for name, cell in ROW.items()})
    assert inputs.fill(wanted, ROW) == input_texts(table, wanted)[0]


def test_a_column_that_is_not_there_ends_with_its_name() -> None:
    with pytest.raises(SystemExit, match="has no column ward"):
        inputs.fill("ward", ROW)


@pytest.mark.parametrize(
    "cell",
    ["1", "-2.5", "+.5e-3", " 7. ", "", "NA", "nAn", "None", "inf", "1e999", "1,5", "1_000", "one", "0x10", "-", "."],
)
def test_numbers_are_those_of_training(cell: str) -> None:
    model, wanted = SimpleNamespace(numbers=["age"], missing=list(MISSING)), parse_number(cell)
    if wanted is None:
        with pytest.raises(ValueError, match="which is no number"):
            inputs.read_numbers(model, [cell])
    else:
        np.testing.assert_array_equal(inputs.read_numbers(model, [cell]), np.float32([[wanted]]))


def test_cells_of_json_are_numbers_too() -> None:
    model = SimpleNamespace(numbers=["a", "b", "c"], missing=list(MISSING))
    np.testing.assert_array_equal(inputs.read_numbers(model, [3, None, 0.5]), np.float32([[3, math.nan, 0.5]]))
    assert inputs.read_words([None, " B ", 7]) == ["", "B", "7"]


@pytest.mark.parametrize("form", ["PNG", "JPEG", "BMP", "alpha", "turned", "16 bits"])
@pytest.mark.parametrize("exif", ["apply", "ignore"])
def test_pictures_are_read_as_those_of_models_of_pictures(form: str, exif: str) -> None:
    image, pixels = Image.fromarray(photo(9, 7)), photo(9, 7)
    turned = Image.Exif()
    turned[274] = 6
    contents = {
        "alpha": lambda: encode(Image.fromarray(np.dstack([pixels, pixels[..., :1]]))),
        "turned": lambda: encode(image, "JPEG", exif=turned),
        "16 bits": lambda: encode(Image.fromarray(pixels[..., 0].astype(np.uint16))),
    }
    content = contents.get(form, lambda: encode(image, form))()
    model = SimpleNamespace(exif=exif, intensity=None)
    try:
        wanted = keras_image.read(model, content)
    except ValueError as error:
        with pytest.raises(ValueError, match="too many or too few bits") as found:
            inputs.read_picture(model, content)
        assert str(found.value) == str(error)
        return
    found, native = inputs.read_picture(model, content)
    assert found.dtype == wanted.dtype and np.array_equal(found[0], wanted)
    assert (native == content) == (form != "BMP")
    assert np.array_equal(inputs.read_picture(SimpleNamespace(exif=exif, intensity=[0, 255]), content)[0][0], wanted)


@pytest.mark.parametrize("parts", [1, 2])
def test_texts_have_the_rows_of_models_of_texts(parts: int) -> None:
    graphs = TextGraphs(make_text_serving(make_byte_pairs(), parts))
    model = SimpleNamespace(encode=graphs.tokenizer.encode, **graphs.preprocessing()["text"])
    for row in PAIRS if parts == 2 else [(text,) for text in TEXTS]:
        wanted = keras_text.read(model, "\t".join(row))
        found = inputs.make_rows(model, inputs.check_texts(SimpleNamespace(rows=model), list(row)))
        assert list(found) == list(wanted)
        assert all(np.array_equal(found[name], wanted[name]) for name in wanted), row
    with pytest.raises(ValueError, match="nothing to see"):
        inputs.check_texts(SimpleNamespace(rows=model), [" \u200b"] * parts)
