"""The predict.py of an ONNX export of masks: files with the values of the run's own masks."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from tests.support.tiny_servings import photo

pytest.importorskip("onnxruntime")
from kerastune_ft.exporting.scripts import onnx_masks as script


def test_a_png_is_written_for_each_image_and_named_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mask = np.uint8([[0, 1, 255], [1, 1, 0]])
    session = SimpleNamespace(run=lambda names, inputs: [mask[np.newaxis]])
    pixels, palette = [0, 200, *[0] * 254], [0] * 768
    palette[600:603] = 9, 8, 7
    model = SimpleNamespace(session=session, exif="apply", intensity=None, pixels=pixels, palette=palette)
    monkeypatch.setattr(script, "load", lambda folder: model)
    for folder in "ab":
        (tmp_path / folder).mkdir()
        Image.fromarray(photo(2, 3)).save(tmp_path / folder / "cell.jpg")
    given = [str(tmp_path / name) for name in ("a/cell.jpg", "b/cell.jpg", "absent.png")]
    monkeypatch.setattr(sys, "argv", ["predict.py", "--output", str(tmp_path / "masks"), *given])
    with pytest.raises(SystemExit) as ended:
        script.main()
    assert ended.value.code == 1, "one could not be read"
    first, second, bad = map(json.loads, capsys.readouterr().out.splitlines())
    assert [Path(each["mask"]).name for each in (first, second)] == ["cell-mask1.png", "cell-mask2.png"]
    assert "cannot be read" in bad["error"] and bad["input"] == given[2]
    with Image.open(first["mask"]) as image:
        assert np.asarray(image).tolist() == [[0, 200, 0], [200, 200, 0]]
        assert image.convert("RGB").getpixel((1, 0)) == (9, 8, 7)


def test_without_a_folder_it_says_how_it_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["predict.py", "a.png"])
    with pytest.raises(SystemExit, match="--output FOLDER IMAGE"):
        script.main()
