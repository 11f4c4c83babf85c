from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from PIL import Image

import kerastune_ft as kt
from kerastune_ft.api import training
from kerastune_ft.errors import ConfigError
from tests.support.saved_models import layers, write_model

Document = dict[str, Any]


def _photos(folder: Path, first: int, classes: tuple[str, ...] = ("dark", "light")) -> str:
    """Write pictures with the numbers from `first` on, brighter by class."""
    generator = np.random.default_rng(first)
    for number, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for index in range(first, first + 12):
            pixels = generator.integers(0, 90, (16, 16, 3)) + 80 * number
            Image.fromarray(pixels.astype(np.uint8)).save(folder / name / f"{index}.png")
    return str(folder)


def _model(path: Path) -> str:
    keras.utils.set_random_seed(0)
    images = keras.Input((16, 16, 3))
    # What it computes with is made of its variables, so copies of the model must make it again.
    measured = layers.Normalization(name="measured")
    measured.adapt(np.random.default_rng(0).integers(0, 170, (20, 16, 16, 3)).astype(np.float32))
    x = layers.Conv2D(4, 3, strides=2, activation="relu", name="early")(measured(images))
    x = layers.Conv2D(6, 3, activation="relu", name="late")(x)
    return write_model(keras.Model(images, layers.Dense(5)(layers.GlobalAveragePooling2D()(x))), path)


def _document(data: str, backbone: Document, **more: Any) -> Document:
    return {
        "task": {"kind": "image_classification"},
        "data": {"kind": "folder", "path": data},
        "backbone": backbone,
        "phases": [{"name": "all", "unfreeze": "all", "epochs": 1, "learning_rate": 0.01, "batch_size": 8}],
        **more,
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with photos of two days and `first`, a run from a saved model that is gone afterwards."""
    made = tmp_path_factory.mktemp("earlier")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERASTUNE_CACHE", str(made / "cache"))
        _photos(made / "monday", 0)
        _photos(made / "tuesday", 6)
        start = Path(_model(made / "start.keras"))
        head = {"hidden": [5], "dropout": 0.3}
        document = _document(str(made / "monday"), {"kind": "saved", "path": str(start)}, head=head)
        kt.run(document, run_dir=made / "first")
        start.unlink()
        yield made


def _continue(folder: Path, run: str = "first", data: str | None = None) -> Document:
    return _document(data or str(folder / "tuesday"), {"kind": "run", "path": str(folder / run)})


def _plan(run: Path) -> Document:
    return json.loads((run / "plan.json").read_text())


def test_a_run_from_a_saved_model_needs_it_no_more(folder: Path) -> None:
    run = kt.open_run(folder / "first")
    assert run.evaluate() == run.metrics["test"]
    assert run.evaluate(split="validation") == run.metrics["validation"]
    rows = training.units(str(folder / "first"))
    assert [row["layers"] for row in rows] == [row["layers"] for row in _plan(folder / "first")["backbone"]["units"]]
    assert [path for row in rows for path in row["variable_paths"]] == [
        "measured/mean", "measured/variance", "measured/count", "early/kernel", "early/bias", "late/kernel", "late/bias"
    ]  # fmt: skip


def _train_barely(data: str, backbone: Document) -> Document:
    """A phase that leaves the backbone as it is, and a head nearly so."""
    document = _document(data, backbone)
    document["phases"][0] |= {"unfreeze": "none", "learning_rate": 1e-6, "weight_decay": 0.0}
    return document


@pytest.fixture(scope="module")
def kept(folder: Path) -> Path:
    """A run that went on from the first with its head."""
    backbone = {"kind": "run", "path": str(folder / "first"), "head": "keep"}
    return kt.run(_train_barely(str(folder / "tuesday"), backbone), run_dir=folder / "kept").path


@pytest.fixture(scope="module")
def second(folder: Path) -> Path:
    """A run that went on with a new head from a copy of the first, which is gone afterwards."""
    first = shutil.copytree(folder / "first", folder / "copy")
    backbone = {"kind": "run", "path": str(first)}
    run = kt.run(_train_barely(str(folder / "tuesday"), backbone), run_dir=folder / "second")
    shutil.rmtree(first)
    return run.path


def test_runs_go_on_from_runs_when_the_first_is_gone(folder: Path, second: Path, tmp_path: Path) -> None:
    moved = shutil.copytree(second, tmp_path / "b")
    assert kt.evaluate(moved) == kt.open_run(moved).metrics["test"]
    run = kt.run(_document(str(folder / "monday"), {"kind": "run", "path": str(moved)}), run_dir=tmp_path / "c")
    shutil.rmtree(moved)
    assert run.evaluate() == run.metrics["test"]
    plan = _plan(tmp_path / "c")
    assert plan["backbone"]["units"] == _plan(folder / "first")["backbone"]["units"]
    assert plan["backbone"]["name"] == "start"
    assert plan["backbone"]["transfer"]["source"] == f"run {moved}"
    assert set(plan["phases"][0]["trained_variables"]) == {
        f"{layer}/{variable}" for layer in ("early", "late", "head_output") for variable in ("kernel", "bias")
    }


def _body(run: Path) -> dict[str, np.ndarray]:
    model = keras.models.load_model(run / "model" / "model.keras")
    inner = next(layer for layer in model.layers if isinstance(layer, keras.Model))
    return {variable.path: variable.numpy() for variable in inner.variables if "seed" not in variable.path}


def test_weights_go_on_where_the_run_ended_under_a_new_head(folder: Path, second: Path) -> None:
    before, after = _body(folder / "first"), _body(second)
    assert all(np.array_equal(before[path], after[path]) for path in before if not path.startswith("head"))
    assert "head_hidden_1/kernel" not in after


def test_weights_and_a_kept_head_go_on_where_the_run_ended(folder: Path, kept: Path) -> None:
    before, after = _body(folder / "first"), _body(kept)
    assert all(np.array_equal(before[path], after[path]) for path in before if not path.startswith("head"))
    assert before.keys() == after.keys()
    assert np.allclose(before["head_hidden_1/kernel"], after["head_hidden_1/kernel"], rtol=0, atol=1e-4)
    assert _plan(kept)["head"]["options"] == {"pooling": "mean", "dropout": 0.3, "hidden": [5]}


def test_a_kept_head_is_continued_by_an_appended_phase(kept: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(kept, tmp_path / "run")
    document = json.loads((copy / "config.json").read_text())
    appended = {"name": "more", "unfreeze": {"last": 1}, "epochs": 1, "learning_rate": 0.001, "batch_size": 8}
    run = kt.run({**document, "phases": [*document["phases"], appended]}, run_dir=copy)
    assert [phase["name"] for phase in run.manifest["phases"]] == ["all", "more"]
    assert run.evaluate() == run.metrics["test"]


def test_the_plan_says_what_the_earlier_run_has_to_do_with_this_data(folder: Path) -> None:
    document = _continue(folder)
    document["backbone"]["head"] = "keep"
    document["data"] |= {"resize": "pad", "splits": {"train": 0.5, "validation": 0.2, "test": 0.3, "seed": 1}}
    notes = kt.plan(document).document["notes"]
    run = folder / "first"
    assert f"the head goes on from that of {run} with its options: pooling mean, dropout 0.3, hidden layers 5" in notes
    assert f'data.resize is "pad" and was "crop" in {run}: the model sees images otherwise than it learnt them' in notes
    # Pictures of another day with the same names are none that the run has seen.
    assert not any("flatter" in note for note in notes)
    rows = [line.split(",") for line in (run / "splits.csv").read_text().splitlines()]
    trained = {row[0] for row in rows if row[2] == "train"}
    same = _continue(folder, data=str(folder / "monday"))
    same["data"]["splits"] = document["data"]["splits"]
    notes = kt.plan(same).document["notes"]
    said = [note for note in notes if note.endswith(f"that {run} was trained on, so the metrics flatter the model")]
    assert len(said) == 1
    assert 0 < int(said[0].split()[0]) < len(trained)
    # The very same data and splits hold nothing that was seen.
    assert not any(
        "flatter" in note for note in kt.plan(_continue(folder, data=str(folder / "monday"))).document["notes"]
    )


def _edit(change: Callable[[Document], None]) -> Callable[[Path, Path], Document]:
    def make(folder: Path, other: Path) -> Document:
        document = _continue(folder)
        document["backbone"]["head"] = "keep"
        change(document)
        return document

    return make


def _other_classes(folder: Path, other: Path) -> Document:
    document = _continue(folder, data=_photos(other / "photos", 0, ("cat", "dog")))
    document["backbone"]["head"] = "keep"
    return document


def _fewer_classes(folder: Path, other: Path) -> Document:
    document = _other_classes(folder, other)
    document["data"]["path"] = str(folder / "monday")
    document["task"]["classes"] = ["light", "dark"]
    return document


def _make_unfinished(folder: Path, other: Path) -> Document:
    shutil.copytree(folder / "first", other / "begun")
    (other / "begun" / "model" / "model.keras").unlink()
    return _continue(other, "begun", data=str(folder / "monday"))


def _replace_file(folder: Path, other: Path) -> Document:
    shutil.copytree(folder / "first", other / "changed")
    model = keras.models.load_model(other / "changed" / "model" / "model.keras")
    model.save(other / "changed" / "model" / "model.keras")
    return _continue(other, "changed", data=str(folder / "monday"))


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (
            _other_classes,
            r'whose classes are dark, light in this order, and here they are cat, dog; write "head": "new"',
        ),
        (_fewer_classes, r'here they are light, dark; write "classes": \["dark", "light"\] in task'),
        (
            _edit(lambda one: one.update(head={"hidden": [7]})),
            r"head.hidden: \[7\] is asked for, .* has \[5\]; remove it",
        ),
        (_edit(lambda one: one.update(head={"dropout": 0.1})), 'has 0.3; remove it, or give "dropout" in the phases'),
        (_make_unfinished, r"has no model/model.keras: the run is done; give its command again, with --run-dir"),
        (_replace_file, r"is not the file that its manifest.json names .* restore it"),
        (lambda folder, other: _continue(folder, "nothing"), "does not exist; give the directory of a finished run"),
        (lambda folder, other: _continue(folder, "."), "is no run; it holds first[^;]*; give the directory"),
        (lambda folder, other: _continue(folder, "monday"), "is no run directory: it has no plan.json"),
    ],
)
def test_a_run_that_cannot_be_gone_on_from_is_refused_with_a_remedy(
    made: Callable[[Path, Path], Document], says: str, folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=says):
        kt.plan(made(folder, tmp_path))
