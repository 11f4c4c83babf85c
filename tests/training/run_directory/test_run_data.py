"""What is known of the data of a run, from its directory alone."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kerastune_ft.config.options.data import FolderData, TfdsData
from kerastune_ft.config.read import read
from kerastune_ft.data.change import DataChange
from kerastune_ft.data.dialogues.plain_texts import identify_block
from kerastune_ft.data.splits.recorded import content_key
from kerastune_ft.data.texts.text_source import TextSource
from kerastune_ft.errors import DataError
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.run_directory.run_data import at_new_place, describe_change, describe_overlap, read_recorded

PRINT = "1" * 64
CONFIG = {
    "task": {"kind": "image_classification"},
    "backbone": {"kind": "applications", "name": "MobileNetV2", "weights": None},
    "phases": [{"name": "head", "unfreeze": "none", "epochs": 1, "learning_rate": 0.1}],
}


def make_run(folder: Path, contents: bool, kind: str = "folder", text: Any = None) -> RunDirectory:
    run = RunDirectory(folder)
    about = {"kind": kind, "fingerprint": PRINT, "notes": ["a note"]}
    run.commit_json("plan.json", {"data": about, "text": text})
    columns = ["input", "label", "split", *(["content"] if contents else [])]
    rows = [
        {"input": f"{n}.png", "label": "a", "split": ("train", "test")[n % 2], "content": content_key(PRINT, f"c{n}")}
        for n in range(4)
    ]
    run.commit_csv("splits.csv", columns, [{name: row[name] for name in columns} for row in rows])
    run.update_manifest(state="done")
    return run


def make_source(keys: list[str], contents: list[str], kind: str = "folder", fingerprint: str = "2" * 64) -> Any:
    info = SimpleNamespace(kind=kind, fingerprint=fingerprint)
    return SimpleNamespace(
        info=info, keys=keys, input_hashes=contents, splits={"test": np.arange(len(keys))}, change=None, texts=()
    )


def test_a_run_without_a_plan_recorded_nothing(tmp_path: Path) -> None:
    assert read_recorded(RunDirectory(tmp_path)) is None


def test_splits_are_read_with_what_was_said_of_the_data(tmp_path: Path) -> None:
    found = read_recorded(make_run(tmp_path, True))
    assert found is not None
    assert (found.fingerprint, found.sizes, found.notes) == (PRINT, {"train": 2, "test": 2}, ("a note",))


def test_a_file_that_is_not_what_was_written_is_refused(tmp_path: Path) -> None:
    run = make_run(tmp_path, True)
    (tmp_path / "splits.csv").write_text("input,label,split\nx,a,test\n")
    with pytest.raises(DataError, match="is not the file that the run wrote"):
        read_recorded(run)


def test_overlap_is_of_contents_whatever_the_names(tmp_path: Path) -> None:
    run = make_run(tmp_path, True)
    said = describe_overlap(make_source(["x", "y", "0.png"], ["c0", "c1", "new"]), run, "of more/")
    assert said is not None
    assert said.startswith("1 of 3 examples of more/ is, by content, among the examples that the run was trained on")
    assert describe_overlap(make_source(["0.png"], ["new"]), run, "of more/") is None


def test_overlap_counts_texts_that_the_run_read_in_blocks(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    run.commit_json(
        "plan.json",
        {"data": {"kind": "table", "fingerprint": PRINT, "notes": []}, "masked": {"mask_selection_rate": 0.15}},
    )
    blocks = {"row 1[0:4]": identify_block("one ", False), "row 1[4:7]": identify_block("two", True)}
    rows = [
        {"input": key, "label": "", "split": "train", "content": content_key(PRINT, own)} for key, own in blocks.items()
    ]
    run.commit_csv("splits.csv", ["input", "label", "split", "content"], rows)
    run.update_manifest(state="done")
    texts = [("one two",), ("one six",)]
    info = SimpleNamespace(kind="table", fingerprint="2" * 64)
    splits = {"test": np.arange(2)}
    catalogue: Any = SimpleNamespace(
        info=info,
        keys=["a", "b"],
        input_hashes=["0", "1"],
        splits=splits,
        labels=None,
        contents=[],
        groups=None,
        change=None,
    )
    said = describe_overlap(TextSource(catalogue, texts), run, "of the test split", "runs/a")
    assert said is not None and said.startswith(
        "1 of 2 texts of the test split is, by content, among those that runs/a"
    )


def test_names_are_all_there_is_of_an_earlier_run(tmp_path: Path) -> None:
    run = make_run(tmp_path, False)
    said = describe_overlap(make_source(["0.png", "y", "2.png"], ["c0", "c1", "new"]), run, "of more/")
    assert said is not None and said.startswith("2 of 3 examples of more/ have the names of examples that the run was")
    assert describe_overlap(make_source(["y"], ["c0"]), run, "of more/") is None


def test_rows_of_other_tables_say_nothing_of_an_earlier_run(tmp_path: Path) -> None:
    run = make_run(tmp_path, False, "table", text={"texts": 1})
    said = describe_overlap(make_source(["row 2"], ["c0"], "table"), run, "of more.csv")
    assert said is not None and "is not known" in said


def test_a_change_names_run_and_fingerprints(tmp_path: Path) -> None:
    source = make_source([], [])
    source.change = DataChange(PRINT, "2" * 64, {}, ["x"], {})
    said = describe_change(source, RunDirectory("runs/a-1"))
    assert (
        said
        == f"the data changed since runs/a-1 was trained (fingerprint {'1' * 12}, now {'2' * 12}): 1 example new (x)"
    )


@pytest.mark.parametrize("key", ["path", "data_dir"])
def test_data_that_was_moved_with_the_run_is_found_beside_it(tmp_path: Path, key: str) -> None:
    run = make_run(tmp_path / "copy" / "runs" / "a-1", True)
    run.update_manifest(directory=str(tmp_path / "project" / "runs" / "a-1"))
    place = str(tmp_path / "project" / "data")
    data = {"path": FolderData, "data_dir": partial(TfdsData, name="mnist")}[key](**{key: place})
    config = read({**CONFIG, "data": data.to_json()})
    said: list[str] = []
    assert at_new_place(config, run, said.append) is config
    (tmp_path / "copy" / "data").mkdir()
    moved = at_new_place(config, run, said.append)
    assert getattr(moved.data, key) == str(tmp_path / "copy" / "data")
    assert len(said) == 1 and place in said[0]
    run.update_manifest(directory=str(run.path))
    assert at_new_place(config, run, said.append) is config
