"""The notebooks: their cells parse and call what exists, and all of them run headless on small data of our own."""

from __future__ import annotations

import ast
import csv
import inspect
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import kerastune_ft
from tests.support.places import ROOT
from tests.support.shape_files import write_shapes
from tests.support.sound_files import RATE, tone, wav
from tests.support.tiny_text import write_texts
from tests.support.trained_runs import encode_image, pixels, write

FOLDER = ROOT / "notebooks"
EXECUTE = ROOT / "tests" / "support" / "execute_notebook.py"
NAMES = sorted(path.stem for path in FOLDER.glob("*.ipynb"))
RUN = kerastune_ft.Run
EMBEDDED = {"name": "MobileNetV2", "weights": "embedded", "image_size": 32}


def cells(name: str, kind: str = "code") -> list[Mapping[str, Any]]:
    document = json.loads((FOLDER / f"{name}.ipynb").read_text(encoding="utf-8"))
    return [cell for cell in document["cells"] if cell["cell_type"] == kind]


def source(cell: Mapping[str, Any]) -> str:
    return "".join(cell["source"])


def python(cell: Mapping[str, Any]) -> ast.Module:
    """Return a cell without the lines that are IPython's."""
    return ast.parse("\n".join(line for line in source(cell).splitlines() if not line.startswith(("%", "!"))))


def tagged(name: str, tag: str) -> list[Mapping[str, Any]]:
    return [cell for cell in cells(name) if tag in cell["metadata"].get("tags", ())]


def test_there_is_a_notebook_for_each_subject_and_a_page_that_lists_them() -> None:
    assert NAMES == [
        "boxes_and_masks", "colab_tpu", "conversation", "drive", "kaggle", "photos", "quickstart", "sounds", "texts",
    ]  # fmt: skip
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert [name for name in NAMES if f"]({name}.ipynb)" not in page] == []


@pytest.mark.parametrize("name", NAMES)
def test_it_installs_first_and_then_has_its_parameters(name: str) -> None:
    first, second, *_ = cells(name)
    assert tagged(name, "install") == [first]
    assert tagged(name, "parameters") == [second]
    assert "%pip install" in source(first)
    assert not re.search(r"^\s*(import|from)\s", source(first), re.M)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_committed_without_outputs_and_reads_as_steps(name: str) -> None:
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells(name))
    assert all(len(source(cell).splitlines()) <= 12 for cell in cells(name))
    texts = [source(cell) for cell in cells(name, "markdown")]
    assert texts[0].startswith("# ")
    assert max(len(line) for text in texts for line in text.splitlines()) <= 120


@pytest.mark.parametrize("name", NAMES)
def test_its_links_lead_somewhere(name: str) -> None:
    links = [link for cell in cells(name, "markdown") for link in re.findall(r"\]\(([^)#]+)", source(cell))]
    assert [link for link in links if not (FOLDER / link).exists()] == []


@pytest.mark.parametrize("name", NAMES)
def test_it_calls_what_exists_with_arguments_that_exist(name: str) -> None:
    wrong = [f"{ast.unparse(node)}" for cell in cells(name) for node in find_wrong(python(cell))]
    assert wrong == []


def find_wrong(tree: ast.AST) -> Iterator[ast.AST]:
    """Give what is asked of the package or of a run, and is not there."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owner = {"kt": kerastune_ft, "run": RUN, "again": RUN}.get(node.value.id)
            has = owner is None or hasattr(owner, node.attr) or node.attr in getattr(owner, "__annotations__", ())
            if not has:
                yield node
        if isinstance(node, ast.Call) and (function := find_function(node.func)) is not None:
            known = inspect.signature(function).parameters
            takes_all = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in known.values())
            if not takes_all and not {word.arg for word in node.keywords} <= set(known):
                yield node


def find_function(node: ast.expr) -> Any:
    is_ours = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "kt"
    return getattr(kerastune_ft, node.attr, None) if is_ours and isinstance(node, ast.Attribute) else None


def test_looking_for_calls_finds_wrong_ones() -> None:
    assert len(list(find_wrong(ast.parse("kt.trane(1)\nkt.run('a', epoks=3)\nrun.metrix")))) == 3
    assert list(find_wrong(ast.parse("kt.run('a', fresh=True)\nrun.path\nrun.metrics"))) == []


def execute(name: str, folder: Path, parameters: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the executed code cells of a notebook; nothing may have failed, or been said outside of its place."""
    target = folder / f"{name}.ipynb"
    words = [sys.executable, str(EXECUTE), str(FOLDER / f"{name}.ipynb"), str(target)]
    environment = {
        **os.environ, "PYTHONPATH": str(ROOT), "KERASTUNE_CACHE": str(folder / "cache"), "TF_CPP_MIN_LOG_LEVEL": "3",
    }  # fmt: skip
    done = subprocess.run(
        [*words, json.dumps(parameters)], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    executed = [cell for cell in json.loads(target.read_text())["cells"] if cell["cell_type"] == "code"]
    for cell in executed:
        for output in cell["outputs"]:
            assert output["output_type"] != "error", "\n".join(output["traceback"])
            assert output.get("name") != "stderr", output
            assert "tensorflow:" not in "".join(output.get("text", "")), output
        kinds = [output["output_type"] for output in cell["outputs"]]
        # What a call says is one output.
        assert kinds.count("display_data") <= 1
    return executed


def outputs(executed: list[Mapping[str, Any]], kind: str) -> list[str]:
    """Return what cells showed in one format."""
    shown = [output.get("data", {}) for cell in executed for output in cell["outputs"]]
    return ["".join(data[kind]) for data in shown if kind in data]


def write_photos(folder: Path) -> Path:
    for number in range(40):
        write(folder / ("noise", "square")[number % 2] / f"{number:02d}.png", encode_image(pixels(number)))
    return folder


def write_sounds(folder: Path) -> Path:
    for number in range(40):
        sound = tone((300.0, 1200.0)[number % 2], 0.3, RATE, seed=number)
        write(folder / ("low", "high")[number % 2] / f"{number:02d}.wav", wav(sound))
    return folder


@pytest.mark.slow
def test_the_quickstart_runs(tmp_path: Path) -> None:
    config = {
        "name": "quick",
        "task": {"kind": "image_classification"},
        "data": {"kind": "folder", "path": str(write_photos(tmp_path / "photos"))},
        "backbone": {"kind": "applications", **EMBEDDED},
        "phases": [{"name": "head", "unfreeze": "none", "epochs": 2, "learning_rate": 0.01}],
    }
    executed = execute("quickstart", tmp_path, {"CONFIG": config})
    pages = outputs(executed, "text/html")
    assert sum("<svg" in page for page in pages) == 1
    assert any("trains" in page and "quick" in page for page in pages)
    assert len(outputs(executed, "image/png")) == 1
    texts = outputs(executed, "text/plain")
    assert any("head 2/2" in text and "test" in text.splitlines()[0] for text in texts)
    assert any(text.endswith("claims holds (state: done)") for text in texts)


@pytest.mark.slow
def test_the_quickstart_runs_as_it_is(tmp_path: Path) -> None:
    assert execute("quickstart", tmp_path, {"CONFIG": "medical"})


@pytest.mark.slow
def test_photos_run(tmp_path: Path) -> None:
    photos = str(write_photos(tmp_path / "photos"))
    executed = execute("photos", tmp_path, {"PHOTOS": photos, "NEW": photos, "BACKBONE": EMBEDDED, "EPOCHS": 1})
    assert any("kt.plan(" in text for text in outputs(executed, "text/plain"))


@pytest.mark.slow
def test_texts_run(tmp_path: Path) -> None:
    write_texts(tmp_path / "all.csv")
    with (tmp_path / "all.csv").open(encoding="utf-8") as file:
        rows = [[row["text"], row["label"]] for row in csv.DictReader(file)]
    with (tmp_path / "texts.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["text", "label"], *([f"{text} {place}", label] for place, (text, label) in
                                                        enumerate(rows))])  # fmt: skip
    executed = execute("texts", tmp_path, {
        "TABLE": "texts.csv", "LABEL": "label", "NEW": ["good day", "bad film"], "EPOCHS": 1,
        "BACKBONE": {"class": "BertBackbone"},
    })  # fmt: skip
    assert any("good day" in page for page in outputs(executed, "text/html"))


@pytest.mark.slow
def test_chats_run(tmp_path: Path) -> None:
    options = {"num_layers": 2, "num_query_heads": 2, "num_key_value_heads": 2, "hidden_dim": 32,
               "intermediate_dim": 64}  # fmt: skip
    executed = execute("conversation", tmp_path, {
        "CHATS": None, "QUESTIONS": ["How much is one red cup?"], "LENGTH": 96, "EPOCHS": 1,
        "BACKBONE": {"kind": "keras_hub", "class": "LlamaBackbone", "options": options},
    })  # fmt: skip
    assert any("How much is one red cup?" in page for page in outputs(executed, "text/html"))
    said = "".join(str(output.get("text")) for cell in executed for output in cell["outputs"])
    before, after = map(float, re.findall(r"perplexity ([\d.]+) before, ([\d.]+) after", said)[0])
    assert after < before
    assert list((tmp_path / "runs").glob("chats-1/export/preset/*.json"))


@pytest.mark.slow
def test_sounds_run(tmp_path: Path) -> None:
    sounds = str(write_sounds(tmp_path / "sounds"))
    executed = execute("sounds", tmp_path, {"SOUNDS": sounds, "NEW": sounds, "BACKBONE": EMBEDDED, "EPOCHS": 1})
    assert any("<audio" in page for page in outputs(executed, "text/html"))


@pytest.mark.slow
def test_boxes_and_masks_run(tmp_path: Path) -> None:
    folders = {form: str(write_shapes(tmp_path / form, form)) for form in ("voc", "masks")}
    executed = execute("boxes_and_masks", tmp_path, {
        "BOXES": {"kind": "folder", "path": folders["voc"]},
        "MASKS": {"kind": "folder", "path": folders["masks"]},
        "NEW": None, "BACKBONE": {"kind": "applications", **EMBEDDED, "image_size": 64}, "EPOCHS": 1,
    })  # fmt: skip
    assert len(outputs(executed, "image/png")) == 2
    assert any("count_cross" in page for page in outputs(executed, "text/html"))


@pytest.mark.slow
def test_drive_runs_and_goes_on_from_the_copy(tmp_path: Path) -> None:
    photos = str(write_photos(tmp_path / "photos"))
    parameters = {"PHOTOS": photos, "DRIVE": str(tmp_path / "drive"), "BACKBONE": EMBEDDED, "EPOCHS": 1}
    executed = execute("drive", tmp_path, parameters)
    before, after = (page for page in outputs(executed, "text/html") if "<svg" in page)
    assert re.findall(r">0\.\d{4}<", before) == re.findall(r">0\.\d{4}<", after) != []


@pytest.mark.slow
def test_kaggle_runs_with_two_replicas_on_data_that_cannot_be_written_to(tmp_path: Path) -> None:
    photos = write_photos(tmp_path / "input" / "photos")
    given = sorted(photos.parent.rglob("*"), reverse=True)
    for place in given:
        place.chmod(0o555 if place.is_dir() else 0o444)
    (tmp_path / "working").mkdir()
    parameters = {"PHOTOS": str(photos), "WEIGHTS": "embedded", "WORKING": str(tmp_path / "working"), "REPLICAS": 2}
    executed = execute("kaggle", tmp_path, {**parameters, "EPOCHS": 1})
    said = "".join(str(output.get("text")) for cell in executed for output in cell["outputs"])
    assert "'replicas': 2" in said
    assert "mirrored" in said
    # Whoever runs the tests as root may write everywhere.
    assert sorted(photos.parent.rglob("*"), reverse=True) == given


@pytest.mark.slow
def test_the_tpu_notebook_runs_with_two_replicas_on_a_cpu(tmp_path: Path) -> None:
    executed = execute("colab_tpu", tmp_path, {"CONFIG": "medical", "RUNTIME": {"strategy": "mirrored", "replicas": 2}})
    assert any("'replicas': 2" in text for text in outputs(executed, "text/plain"))
