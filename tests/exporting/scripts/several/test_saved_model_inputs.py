from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from kerastune_ft.exporting.scripts.several import saved_model_inputs as script
from tests.support.tiny_servings import encode, photo


@pytest.mark.parametrize("form", ["JPEG", "BMP"])
def test_files_and_strings_are_given_as_they_are_or_as_what_tensorflow_reads(form: str) -> None:
    content = encode(Image.fromarray(photo(5, 4)), form)
    read = {"images": {"image": "id"}, "texts": ["note"], "numbers": ["x"], "words": {"w": ["a"]}, "missing": [""]}
    rows = SimpleNamespace(invisible="")
    model = SimpleNamespace(exif="apply", intensity=None, are_strings=True, rows=rows, **read)
    found = script.read(model, {"image": content, "text": [" a b "], "numbers": [3], "words": [" z"]})
    given = found.pop("image_bytes")[0]
    assert (given == content) == (form == "JPEG") and given[:4] in (content[:4], b"\x89PNG")
    assert {name: each.tolist() for name, each in found.items()} == {
        "text": ["a b"],
        "numbers": [[3]],
        "words": [["z"]],
    }
    assert found["numbers"].dtype == np.float32
