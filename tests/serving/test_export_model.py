"""An export as a served model, by this package's own copy of its script."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from kerastune_ft.errors import ConfigError
from kerastune_ft.exporting.script_table import SCRIPTS, list_beside, read_script
from kerastune_ft.serving import export_model
from kerastune_ft.serving.export_model import ExportServed, read_export
from tests.support.served import picture

SCRIPT = SCRIPTS["onnx", "image"]
DOCUMENT: dict[str, Any] = {
    "version": 1, "format": "onnx", "script": SCRIPT, "name": "cells", "modality": "image", "runtime": ["onnxruntime"],
}  # fmt: skip


def write(folder: Path, **changes: Any) -> Path:
    (folder / "export.json").write_text(json.dumps({**DOCUMENT, **changes}))
    (folder / "labels.json").write_text('["a", "b"]')
    (folder / "preprocessing.json").write_text("{}")
    (folder / "predict.py").write_text("raise SystemExit('code of a stranger')")
    return folder


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Takes the place of the script of this package."""
    made: Any = ModuleType(SCRIPT)
    made.__spec__ = importlib.util.find_spec(f"kerastune_ft.exporting.scripts.{SCRIPT}")
    made.load = lambda folder: SimpleNamespace(folder=folder)
    made.read = lambda model, item: len(item)
    made.predict = lambda model, examples: [{"value": each} for each in examples]
    monkeypatch.setitem(sys.modules, f"kerastune_ft.exporting.scripts.{SCRIPT}", made)
    return made


def test_an_export_answers_by_its_script(tmp_path: Path, script: Any) -> None:
    folder = write(tmp_path)
    model = ExportServed(folder, read_export(folder), "mine")
    assert (model.name, model.platform, model.classes, model.form.names) == (
        "mine",
        "onnx",
        ("a", "b"),
        ("image_bytes",),
    )
    content = picture(0)
    assert model.answer([model.read(content)] * 2) == [{"value": len(content)}] * 2


def test_a_script_other_than_this_packages_is_told_of_and_not_run(
    tmp_path: Path, script: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(tmp_path)
    ExportServed(folder, read_export(folder), "mine")
    assert "predict.py is not what this program writes" in capsys.readouterr().err
    (folder / "predict.py").write_bytes(read_script(SCRIPT))
    ExportServed(folder, read_export(folder), "mine")
    assert capsys.readouterr().err == ""


def test_texts_are_given_as_texts_and_pairs_as_pairs(tmp_path: Path, script: Any) -> None:
    script.read = lambda model, item: item
    folder = write(tmp_path, modality="text")
    model = ExportServed(folder, read_export(folder), "mine")
    assert model.read(("one",)) == "one"
    (folder / "preprocessing.json").write_text('{"text": {"texts": 2}}')
    model = ExportServed(folder, read_export(folder), "mine")
    assert (model.form.names, model.read(("one", "two"))) == (("text", "text_2"), "one\ttwo")
    with pytest.raises(ValueError, match="has a tab in it"):
        model.read(("one", "two\tthree"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"version": 2}, "not of a version that this program reads"),
        ({"script": None}, "it has no script"),
        ({"script": "../../predict"}, "'../../predict' is no script of this program"),
        ({"script": "os"}, "'os' is no script of this program"),
    ],
)
def test_documents_that_are_none(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    folder = write(tmp_path, **changes)
    with pytest.raises(ConfigError, match=said):
        ExportServed(folder, read_export(folder), "mine")


def test_a_runtime_that_is_missing_is_named_with_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, f"kerastune_ft.exporting.scripts.{SCRIPT}", raising=False)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    folder = write(tmp_path)
    with pytest.raises(ConfigError, match="need onnxruntime: python -m pip install onnxruntime"):
        ExportServed(folder, read_export(folder), "mine")


def test_files_that_are_damaged_are_said_to_be(tmp_path: Path, script: Any) -> None:
    def fail(folder: Path) -> None:
        raise RuntimeError("protobuf parsing failed")

    script.load = fail
    folder = write(tmp_path)
    with pytest.raises(ConfigError, match="protobuf parsing failed"):
        ExportServed(folder, read_export(folder), "mine")
    (folder / "labels.json").write_text("[")
    with pytest.raises(ConfigError, match=r"labels\.json cannot be read"):
        ExportServed(folder, read_export(folder), "mine")


def test_what_stands_beside_predict_counts_as_a_part_of_it(tmp_path: Path) -> None:
    script = "several.onnx_inputs"
    for name, content in {"predict.py": read_script(script), **list_beside(script)}.items():
        (tmp_path / name).write_bytes(content)
    assert not export_model._is_of_another_version(tmp_path, script)
    (tmp_path / "inputs.py").write_text("")
    assert export_model._is_of_another_version(tmp_path, script)
