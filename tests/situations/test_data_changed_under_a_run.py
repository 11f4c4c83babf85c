"""Data that changes after a run was trained: the run is never evaluated on other examples under the name of a split."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import kerastune_ft as kt
from kerastune_ft.cli.commands import main
from kerastune_ft.errors import DataError
from tests.support import trained_runs
from tests.support.changing_data import EXAMPLES, exchange_labels, insert, read_rows, shuffle, write_rows, write_texts
from tests.support.trained_runs import small_backbone

BERT = {
    "kind": "keras_hub",
    "class": "BertBackbone",
    "options": {"num_layers": 1, "num_heads": 2, "hidden_dim": 8, "intermediate_dim": 16},
}
PHASES = [{"name": "head", "unfreeze": "none", "epochs": 2, "learning_rate": 0.05, "batch_size": 8}]


def write_data(folder: Path) -> None:
    write_texts(folder / "texts.csv")
    shutil.rmtree(folder / "images", ignore_errors=True)
    trained_runs.write_data(folder)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with texts and images, and a run on each."""
    folder = tmp_path_factory.mktemp("changed")
    write_data(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERASTUNE_CACHE", str(folder / "cache"))
        for name in ("texts", "images"):
            kt.run(configuration(folder, name))
        yield folder


@pytest.fixture
def changing(place: Path) -> Iterator[Path]:
    """The same folder, whose data are put back afterwards."""
    yield place
    write_data(place)


def configuration(folder: Path, name: str) -> dict[str, Any]:
    table = {"kind": "table", "path": str(folder / "texts.csv"), "input": "text", "label": "label"}
    parts = {
        "texts": ({"kind": "text_classification"}, {**table, "sequence_length": 24}, BERT),
        "images": (
            {"kind": "image_classification"},
            {"kind": "folder", "path": str(folder / "images")},
            {"kind": "saved", "path": str(folder / "small.keras"), "input": "-1-1"},
        ),
    }
    if not (folder / "small.keras").exists():
        small_backbone(folder)
    task, data, backbone = parts[name]
    output = {"directory": str(folder / "runs")}
    return {"name": name, "task": task, "data": data, "backbone": backbone, "phases": PHASES, "output": output}


def evaluate(run: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["evaluate", str(run), *options])


def count_rows(run: Path, split: str) -> int:
    with (run / "splits.csv").open() as file:
        return sum(row["split"] == split for row in csv.DictReader(file))


def test_rows_in_another_order_and_a_new_one_leave_the_figures_of_the_run(changing: Path) -> None:
    run = kt.open_run(changing / "runs" / "texts-1")
    write_rows(changing / "texts.csv", insert(shuffle(read_rows(changing / "texts.csv"))))
    assert run.evaluate() == pytest.approx(run.metrics["test"], abs=1e-5)


def test_the_rest_of_a_split_is_evaluated_and_counted(changing: Path) -> None:
    run, table = changing / "runs" / "texts-1", changing / "texts.csv"
    with (run / "splits.csv").open() as file:
        test = [row["input"] for row in csv.DictReader(file) if row["split"] == "test"]
    gone = {int(name.removeprefix("row ")) - 1 for name in test[:4]}
    rows = exchange_labels(read_rows(table))
    write_rows(table, [row for number, row in enumerate(rows) if number not in gone])
    done = evaluate(run)
    assert done.exit_code == 0
    assert "4 test examples gone" in done.stderr
    assert "test examples with another label" in done.stderr
    assert f"of {len(test) - 4} of the {len(test)} test examples of the run, with the labels that they" in done.stderr
    # The constant is of the examples and labels of then.
    assert "constant" not in done.stdout


def test_what_the_run_was_tested_on_is_taken_away(changing: Path) -> None:
    run = changing / "runs" / "images-1"
    with (run / "splits.csv").open() as file:
        for row in csv.DictReader(file):
            if row["split"] != "train":
                (changing / "images" / row["input"]).unlink()
    done = evaluate(run)
    assert done.exit_code == 3
    assert not done.stdout.strip()
    assert f"None of the {count_rows(run, 'test')} test examples is there" in done.stderr
    with pytest.raises(DataError, match="restore the data"):
        kt.open_run(run).evaluate(split="validation")


def test_a_split_file_that_was_changed_is_not_believed(place: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(place / "runs" / "texts-1", tmp_path / "texts-1"))
    text = (run / "splits.csv").read_text()
    exchanged = text.replace(",test,", ",_,").replace(",train,", ",test,").replace(",_,", ",train,")
    (run / "splits.csv").write_text(exchanged)
    done = evaluate(run)
    assert done.exit_code == 3
    assert "is not the file that the run wrote" in done.stderr


def test_training_examples_are_known_in_other_data_by_their_content(changing: Path, tmp_path: Path) -> None:
    run, other = changing / "runs" / "texts-1", tmp_path / "other.csv"
    write_rows(other, insert(shuffle(read_rows(changing / "texts.csv"))))
    done = evaluate(run, "--data", str(other))
    assert done.exit_code == 0
    assert (
        f"{count_rows(run, 'train')} of {EXAMPLES + 1} examples of {other} are, by content, among the examples that "
        "the run was trained on" in done.stderr
    )


def test_a_finished_run_called_again_says_that_its_data_changed(
    changing: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = configuration(changing, "texts")
    run = kt.run(config)
    assert "finished before with this configuration and this data" in capsys.readouterr().err
    write_rows(changing / "texts.csv", insert(exchange_labels(read_rows(changing / "texts.csv"))))
    assert kt.run(config).metrics == run.metrics
    said = capsys.readouterr().err
    assert f"the data changed since {run.path} was trained (fingerprint " in said
    assert "1 example new (row 2); 42 train examples with another label" in said
    assert "--fresh trains anew" in said
    (changing / "texts.csv").unlink()
    assert kt.run(config).metrics == run.metrics
    said = capsys.readouterr().err
    assert "texts.csv is not there" in said and "its figures are those of the data then" in said


def test_a_copied_project_answers_for_its_own_data(changing: Path, tmp_path: Path) -> None:
    project = tmp_path / "copy"
    shutil.copytree(changing, project, ignore=shutil.ignore_patterns("cache"))
    write_rows(project / "texts.csv", insert(read_rows(project / "texts.csv")))
    done = evaluate(project / "runs" / "texts-1")
    assert done.exit_code == 0
    assert f"its data is read from {project / 'texts.csv'}, beside it as before" in done.stderr
    assert "1 example new (row 2)" in done.stderr
