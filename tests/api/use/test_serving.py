"""Serving as a function: what is no target, names, tokens and packages that are missing."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from kerastune_ft.api.use import serving
from kerastune_ft.errors import ConfigError
from kerastune_ft.serving.limits import Limits


def serve(path: Path, threads: int | None = None) -> None:
    serving.serve(str(path), serving.Place(port=0), Limits(), None, threads, lambda about: None)


def test_what_is_neither_a_run_nor_an_export(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nothing is not there; name a finished run"):
        serve(tmp_path / "nothing")
    with pytest.raises(ConfigError, match=r"has neither config\.json, as a run, nor export\.json, as an export"):
        serve(tmp_path)
    (tmp_path / "export.json").write_text("{}")
    with pytest.raises(ConfigError, match="not of a version"):
        serve(tmp_path)


def test_a_run_that_is_not_finished_says_so(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "manifest.json").write_text('{"state": "interrupted", "message": "killed"}')
    with pytest.raises(ConfigError, match="has no model yet"):
        serve(tmp_path)


def test_threads_are_nothing_to_an_export_that_tensorflow_does_not_compute(tmp_path: Path) -> None:
    (tmp_path / "export.json").write_text(
        '{"version": 1, "format": "onnx", "script": "onnx_image", "name": "a", "modality": "image"}'
    )
    with pytest.raises(ConfigError, match="--threads has no effect on this export"):
        serve(tmp_path, threads=2)


@pytest.mark.parametrize(("runtime", "limited"), [(["tensorflow", "keras"], [3]), (["onnxruntime"], [])])
def test_exports_that_tensorflow_computes_have_its_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runtime: list[str], limited: list[int]
) -> None:
    document = {"version": 1, "format": "any", "script": "any", "name": "a", "modality": "image", "runtime": runtime}
    (tmp_path / "export.json").write_text(json.dumps(document))
    asked: list[int] = []
    monkeypatch.setattr(serving, "_limit_threads", asked.append)
    monkeypatch.setattr(serving, "ExportServed", lambda folder, document, name: name)
    assert serving.open_model(str(tmp_path), None, 3, Limits()) == "a"
    assert asked == limited


def test_a_token_that_is_none_is_refused_before_anything_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERASTUNE_TOKEN", "secret!")
    with pytest.raises(ConfigError, match="KERASTUNE_TOKEN is no token") as refused:
        serve(tmp_path)
    assert "secret!" not in str(refused.value)


@pytest.mark.parametrize("package", ["starlette", "uvicorn", "prometheus_client"])
def test_packages_that_are_missing_are_named_with_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    for name in [each for each in sys.modules if each.startswith(("kerastune_ft.serving", package))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ConfigError, match=f'serve needs {package}: python -m pip install "starlette'):
        serve(tmp_path)


@pytest.mark.parametrize("name", ["", "a/b", "..", "a b", "a:predict", "\u00e4", "-a"])
def test_names_that_no_path_can_have(name: str) -> None:
    with pytest.raises(ConfigError, match="--name"):
        serving.check_name(name)


def test_half_of_the_cores_are_the_models() -> None:
    assert serving.choose_threads() == max(1, len(os.sched_getaffinity(0)) // 2)
