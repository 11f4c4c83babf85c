"""Opening the data of a run for its evaluation, without its model: which examples come as which split."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastune_ft.config.read import read
from kerastune_ft.config.run import RunConfig
from kerastune_ft.data.source import DataSource
from kerastune_ft.data.splits.table import splits_table
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.evaluation.run_source import open_other_data, open_own_data
from kerastune_ft.training.run_directory.run_data import describe_overlap, open_data
from kerastune_ft.training.watch import Watcher
from tests.support import trained_runs
from tests.support.changing_data import CHANGES, read_rows, write_rows, write_texts

TASKS = {"text": "text_classification", "image": "image_classification", "sound": "audio_classification"}


class Listener(Watcher):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, text: str) -> None:
        self.said.append(text)


class MadeRun:
    """The files of a run that opening its data reads, for a configuration that was never trained."""

    def __init__(self, folder: Path, task: str, data: dict[str, Any]) -> None:
        backbone = {"kind": "applications", "name": "MobileNetV2", "weights": None}
        if task == "text":
            backbone = {"kind": "keras_hub", "class": "BertBackbone"}
        self.config: RunConfig = read(
            {
                "task": {"kind": TASKS[task]},
                "data": data,
                "backbone": backbone,
                "phases": [{"name": "head", "unfreeze": "none", "epochs": 1, "learning_rate": 0.1}],
                "runtime": {"cache_directory": str(folder / "cache")},
            }
        )
        source = open_data(self.config, lambda line: None)
        self.directory = RunDirectory(folder / "run")
        labels = {"kind": "one", "names": list(source.info.classes), "mean": [], "deviation": []}
        self.plan = {"data": source.info.to_json(), "labels": labels, "text": None}
        self.directory.commit_json("plan.json", self.plan)
        columns, rows = splits_table(source)
        self.directory.commit_csv("splits.csv", columns, [dict(zip(columns, row, strict=True)) for row in rows])
        self.directory.update_manifest(state="done")
        self.known = contents(source)
        self.listener = Listener()

    def open(self, split: str = "test") -> DataSource:
        return open_own_data(self.directory, self.config, split, self.plan, self.listener)


def contents(source: DataSource) -> dict[str, set[str]]:
    return {split: {source.input_hashes[index] for index in indices} for split, indices in source.splits.items()}


@pytest.fixture(params=["shares", "column"])
def texts(request: pytest.FixtureRequest, tmp_path: Path) -> MadeRun:
    write_texts(tmp_path / "texts.csv")
    data = {"kind": "table", "path": str(tmp_path / "texts.csv"), "input": "text", "label": "label"}
    return MadeRun(tmp_path, "text", data | ({"splits": {"column": "part"}} if request.param == "column" else {}))


@pytest.mark.parametrize("change", CHANGES)
def test_texts_keep_their_splits_whatever_becomes_of_the_rows(texts: MadeRun, change: str, tmp_path: Path) -> None:
    table = tmp_path / "texts.csv"
    before = read_rows(table)
    write_rows(table, CHANGES[change](before))
    source = texts.open()
    assert contents(source) == texts.known
    labels = {text: label for text, label, _ in read_rows(table)[1:]}
    shown = source.texts  # type: ignore[attr-defined]
    assert [source.label_texts[index] for index in source.splits["test"]] == [
        labels[shown[index][0]] for index in source.splits["test"]
    ]
    if source.change is not None:
        assert texts.listener.said[0].startswith(f"the data changed since {texts.directory} was trained (fingerprint ")


def test_data_as_it_was_brings_no_word(texts: MadeRun) -> None:
    assert contents(texts.open()) == texts.known
    assert not texts.listener.said


def test_a_split_that_the_run_has_not_is_refused(texts: MadeRun) -> None:
    with pytest.raises(ConfigError, match="--split: there is no split 'dev'; there are train, validation, test"):
        texts.open("dev")


@pytest.fixture
def folder(tmp_path: Path) -> MadeRun:
    trained_runs.write_data(tmp_path)
    return MadeRun(tmp_path, "image", {"kind": "folder", "path": str(tmp_path / "images")})


def test_files_are_known_under_other_names_and_not_by_their_names(folder: MadeRun, tmp_path: Path) -> None:
    paths = sorted((tmp_path / "images").glob("*/*.png"))
    for path in paths:
        path.rename(path.with_name(f"renamed_{path.name}"))
    assert contents(folder.open()) == folder.known
    for number, path in enumerate(paths):
        path.with_name(f"renamed_{path.name}").unlink()
        trained_runs.write(path, trained_runs.encode_image(trained_runs.pixels(100 + number)))
    with pytest.raises(DataError, match=r"None of the \d+ test examples is there"):
        folder.open()


def test_a_class_that_is_new_does_not_number_the_others_anew(folder: MadeRun, tmp_path: Path) -> None:
    trained_runs.write(tmp_path / "images" / "arrow" / "0.png", trained_runs.encode_image(trained_runs.pixels(9)))
    with pytest.raises(DataError, match="arrow"):
        folder.open()


def test_a_class_that_is_gone_does_not_number_the_others_anew(folder: MadeRun, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "images" / "noise")
    source = folder.open()
    assert set(source.labels[source.splits["test"]]) == {1}


@pytest.mark.parametrize("kind", ["image", "sound"])
def test_rows_of_an_array_file_are_known_in_another_order(tmp_path: Path, kind: str) -> None:
    random, labels = np.random.default_rng(0), np.arange(20) % 2
    shape = (20, 16, 16, 3) if kind == "image" else (20, 800)
    rows, rate = random.integers(0, 200, shape).astype(np.uint8 if kind == "image" else np.int16), {}
    if kind == "sound":
        rate = {"sample_rate": 8000}
    path = tmp_path / "rows.npz"
    np.savez(path, x=rows, y=labels)
    run = MadeRun(tmp_path, kind, {"kind": "arrays", "path": str(path), **rate})
    order = random.permutation(20)[:18]
    np.savez(path, x=rows[order], y=labels[order])
    source = run.open()
    kept = {split: hashes & set(source.input_hashes) for split, hashes in run.known.items()}
    assert contents(source) == {split: hashes for split, hashes in kept.items() if hashes}
    np.savez(path, x=rows[::-1] // 2, y=labels)
    with pytest.raises(DataError, match=r"None of the \d+ test examples is there"):
        run.open()


def test_a_run_that_recorded_no_contents_takes_no_changed_data(texts: MadeRun, tmp_path: Path) -> None:
    rows = read_rows(texts.directory.path / "splits.csv")
    write_rows(texts.directory.path / "splits.csv", [row[:3] for row in rows])
    texts.directory.take_in([])
    earlier = RunDirectory(tmp_path / "earlier")
    earlier.commit_json("plan.json", texts.plan)
    earlier.commit("splits.csv", (texts.directory.path / "splits.csv").read_bytes())
    texts.directory = earlier
    assert contents(texts.open()) == texts.known
    write_rows(tmp_path / "texts.csv", CHANGES["shuffle"](CHANGES["insert"](read_rows(tmp_path / "texts.csv"))))
    with pytest.raises(DataError, match="did not record what its examples hold"):
        texts.open()


def test_splits_that_are_gone_are_not_drawn_anew(texts: MadeRun) -> None:
    (texts.directory.path / "splits.csv").unlink()
    with pytest.raises(ConfigError, match=r"has no splits.csv, so nothing says which examples it was trained on"):
        texts.open()


def test_other_data_comes_whole_as_the_test_split(folder: MadeRun, tmp_path: Path) -> None:
    source = open_other_data(folder.directory, folder.config, tmp_path / "images", folder.plan, folder.listener)
    assert {split: len(indices) for split, indices in source.splits.items()} == {"test": trained_runs.COUNT}


def test_training_examples_are_known_in_another_folder_under_other_names(folder: MadeRun, tmp_path: Path) -> None:
    for number, path in enumerate((tmp_path / "images").glob("*/*.png")):
        trained_runs.write(tmp_path / "other" / path.parent.name / f"new_{number}.png", path.read_bytes())
    source = open_other_data(folder.directory, folder.config, tmp_path / "other", folder.plan, folder.listener)
    said = describe_overlap(source, folder.directory, "of other")
    assert said is not None
    assert said.startswith(f"{len(folder.known['train'])} of {trained_runs.COUNT} examples of other are, by content,")
