"""An export of a run from its directory: written, answered in a process of its own, compared, kept or not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import kerastune_ft as kt
from kerastune_ft.errors import ConfigError, PromiseError
from kerastune_ft.exporting.export import _find_version
from kerastune_ft.exporting.process import ExportProcess
from tests.support.small_nets import save_net

pytest.importorskip("onnxruntime")
pytest.importorskip("tf2onnx")
pytest.importorskip("ai_edge_litert")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> kt.Run:
    folder = tmp_path_factory.mktemp("exported")
    random, labels = np.random.default_rng(0), np.arange(40) % 2
    images = random.integers(0, 120, (40, 32, 32, 3)).astype(np.uint8)
    images[labels == 1, 8:24, 8:24] += 100
    np.savez(folder / "data.npz", x=images, y=labels)
    return kt.run(
        {
            "name": "squares",
            "task": {"kind": "image_classification"},
            "data": {"kind": "arrays", "path": str(folder / "data.npz")},
            "backbone": save_net(folder / "net.keras", "plain"),
            "phases": [{"name": "head", "unfreeze": "none", "epochs": 1, "learning_rate": 0.01}],
        },
        run_dir=folder / "run",
    )


@pytest.fixture(autouse=True)
def _measure_briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ExportProcess, "seconds", 0.0)


@pytest.mark.slow
def test_it_is_written_compared_and_described(run: kt.Run) -> None:
    made = run.export("onnx", samples=4)
    folder = Path(made["folder"])
    assert folder == run.path / "export" / "onnx"
    document = json.loads((folder / "export.json").read_text())
    assert document["compared"]["samples"] == 4
    assert 0 <= document["compared"]["largest_difference"] <= 1e-3
    assert document["modality"] == "image" and document["script"] == "onnx_image"
    assert set(document["files"]) == {path.name for path in folder.iterdir()} - {"export.json"}
    assert json.loads((folder / "labels.json").read_text()) == ["0", "1"]
    assert list(document["latency"]) == ["1", "32"]
    # Nothing else is there, and the run is as it was.
    assert [path.name for path in folder.parent.iterdir()] == ["onnx"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["saved_model", "litert", "keras"])
def test_other_formats_answer_as_the_run(run: kt.Run, tmp_path: Path, name: str) -> None:
    made = run.export(name, tmp_path / name, samples=12)
    assert made["compared"]["largest_difference"] <= made["compared"]["tolerance"]
    assert made["compared"]["flips"] == []
    again = kt.open_run(run.path).export(name, tmp_path / name, samples=2)
    assert again["compared"]["samples"] == 2, "an export of the same run is replaced"


@pytest.mark.slow
def test_an_export_that_answers_otherwise_is_not_kept(
    run: kt.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kerastune_ft.exporting.graphs.images import ImageGraphs

    answer = ImageGraphs._answer
    monkeypatch.setattr(
        ImageGraphs, "_answer", lambda self, image: {name: 0.9 * each for name, each in answer(self, image).items()}
    )
    with pytest.raises(PromiseError, match="answers otherwise than the run") as caught:
        run.export("onnx", tmp_path / "out", samples=2)
    assert caught.value.exit_code == 5
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_place_with_other_things_in_it_is_refused_before_anything_is_done(run: kt.Run, tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_text("")
    with pytest.raises(ConfigError, match="is no export"):
        run.export("onnx", tmp_path)
    with pytest.raises(ConfigError, match='"onnx"'):
        run.export("onxx")


def test_packages_that_are_not_there_have_no_version() -> None:
    assert _find_version("numpy") == np.__version__
    assert _find_version("no-such-package") is None
